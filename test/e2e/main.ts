/**
 * `npm run test:e2e`: the end-to-end suite on an embedded runtime of its own; with `-- --url URL` on a stage, whose key is
 * given by `--key` or FLORIN_API_KEY, or known from a deployment to an emulator. What follows a further `--` goes to Jest.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { deployedStages } from '../../infra/deploy/deployed-stages.ts';

const { values, positionals } = parseArgs({
  options: { url: { type: 'string' }, key: { type: 'string' } },
  allowPositionals: true,
});

function keyOf(url: string): string {
  const key = values.key ?? process.env.FLORIN_API_KEY ?? deployedStages().find((stage) => stage.url === url)?.apiKey;
  if (!key) throw new Error(`The key of ${url} is not known: name it with --key or in FLORIN_API_KEY.`);
  return key;
}

const url = values.url?.replace(/\/$/, '');
const child = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    'test/e2e',
    // On a stage they share what it takes at once.
    ...(url ? ['--maxWorkers=1'] : []),
    ...positionals,
  ],
  {
    cwd: path.resolve(import.meta.dirname, '../..'),
    env: { ...process.env, ...(url && { FLORIN_URL: url, FLORIN_API_KEY: keyOf(url) }) },
    stdio: 'inherit',
  },
);
const [code] = await once(child, 'exit');
process.exitCode = code ?? 1;
