/**
 * Names each test that failed in reports as Jest writes them, with the first lines of its reason:
 * `node test/support/print-failures.ts REPORT...`. The gate ends with it, since its output is long.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { TestReport } from './test-report.ts';

const linesOfAReason = 12;
const framesOfOthers = /^\s+at .*(node_modules|node:)/;
const project = path.resolve(import.meta.dirname, '../..');

for (const file of process.argv.slice(2).filter((each) => existsSync(each))) {
  const { testResults }: TestReport = JSON.parse(readFileSync(file, 'utf8'));
  for (const { name, message, assertionResults } of testResults) {
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    for (const { fullName, failureMessages } of failed) print(name, fullName, failureMessages.join('\n'));
    // A file that cannot be loaded has a reason and no tests.
    if (assertionResults.length === 0 && message) print(name, 'could not run', message);
  }
}

function print(file: string, test: string, reason: string): void {
  console.log(`\nFAILED ${path.relative(project, file)}: ${test}`);
  const lines = stripVTControlCharacters(reason).trim().split('\n');
  for (const line of lines.filter((each) => !framesOfOthers.test(each)).slice(0, linesOfAReason))
    console.log(`  ${line}`);
}
