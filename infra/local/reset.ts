/** `npm run reset`: empties the data folder after asking; `--yes` answers for scripts. */
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { emptyDataFolder } from './data-folder.ts';
import { StartFailure } from './start-failure.ts';

async function confirmed(folder: string): Promise<boolean> {
  if (process.argv.includes('--yes')) {
    return true;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Without an answer (the input ends) the question counts as declined.
  const ended = new Promise<string>((fulfil) => terminal.once('close', () => fulfil('')));
  const answer = await Promise.race([
    terminal.question(`Delete all balances, history, the key and logs in ${folder}? [y/N] `),
    ended,
  ]);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

const folder = resolve(process.env.FLORIN_DATA || '.florin');
try {
  if (!(await confirmed(folder))) {
    console.log('Nothing was deleted.');
  } else if (emptyDataFolder(folder)) {
    console.log(`${folder} is empty. npm start begins afresh.`);
  } else {
    console.log(`There is no data in ${folder}.`);
  }
} catch (error) {
  console.error(error instanceof StartFailure ? error.message : error);
  process.exitCode = 1;
}
