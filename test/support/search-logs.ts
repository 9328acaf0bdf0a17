/**
 * Searches all logs that a test run has gathered for what may be in none: `node test/support/search-logs.ts FOLDER`.
 * An empty folder is a failure too, since then nothing was searched.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { logLeaks } from './log-leaks.ts';

const [folder] = process.argv.slice(2);
if (!folder) throw new Error('Name the folder with the logs.');
let lines = 0;
let leaks = 0;
for (const file of readdirSync(folder)) {
  const text = readFileSync(path.join(folder, file), 'utf8');
  lines += text.split('\n').length - 1;
  for (const { line, what, before } of logLeaks(text)) {
    leaks += 1;
    console.error(`${file}:${line}: ${what} behind ${before}`);
  }
}
console.log(`${lines} lines searched, ${leaks} leaks`);
process.exitCode = lines > 0 && leaks === 0 ? 0 : 1;
