import { readFile, writeFile } from 'node:fs/promises';
import { withGenerated } from './cost/cost-page.ts';
import { measure } from './cost/measure.ts';
import { differencesOf, measuredForm } from './cost/measured.ts';
import { readPrices } from './cost/prices.ts';

/**
 * Measures what requests take and writes it into docs/cost.md; with --check, fails if the page is not what would be
 * written. Units must be the same; bytes of logs and answers may differ by a twentieth, since times and ids do.
 */
const page = new URL('../docs/cost.md', import.meta.url);
const measuredFile = new URL('../docs/reference/cost-measured.json', import.meta.url);

const now = await measure();
const prices = readPrices();
if (process.argv.includes('--check')) {
  const known = measuredForm.parse(JSON.parse(await readFile(measuredFile, 'utf8')));
  const differences = differencesOf(known, now);
  const text = await readFile(page, 'utf8');
  if (withGenerated(text, known, prices) !== text) differences.push('docs/cost.md is not what its data come to');
  if (differences.length > 0) {
    console.error(`The cost page is stale; "node scripts/cost.ts" renews it:\n  ${differences.join('\n  ')}`);
    process.exitCode = 1;
  }
} else {
  await writeFile(measuredFile, `${JSON.stringify(now, null, 2)}\n`);
  await writeFile(page, withGenerated(await readFile(page, 'utf8'), now, prices));
}
