import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../infra/local/free-port.ts';
import { type RunningEmulator, startEmulator } from './emulator-process.ts';
import { emulatorsFolder } from './emulators-folder.ts';

const requirements = path.join(import.meta.dirname, 'ministack-requirements.txt');
const installTimeoutMs = 300_000;
/** Functions at once: enough for the workers beside the API. With the 10 that a new AWS account may have, they take turns with its requests. */
const concurrentExecutions = 30;

/** Starts ministack, an emulator of AWS in one Python process, after installing it where it is missing. Needs Python 3.10 or later. */
export async function startMinistack(): Promise<RunningEmulator> {
  const port = await freePort();
  return startEmulator({
    command: installedPython(),
    words: ['-m', 'ministack'],
    environment: {
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      LAMBDA_ACCOUNT_CONCURRENCY: String(concurrentExecutions),
    },
    endpoint: `http://127.0.0.1:${port}`,
    healthPath: '/_ministack/health',
    logFile: path.join(emulatorsFolder, 'ministack.log'),
  });
}

/** The Python of a virtual environment with exactly the versions of the requirements file. */
function installedPython(): string {
  const folder = path.join(emulatorsFolder, 'ministack');
  const python = path.join(folder, 'bin/python');
  const mark = path.join(folder, 'requirements.txt');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return python;
  mkdirSync(emulatorsFolder, { recursive: true });
  const run = (command: string, ...words: string[]) =>
    execFileSync(command, words, { stdio: ['ignore', 'inherit', 'inherit'], timeout: installTimeoutMs });
  run('python3', '-m', 'venv', '--clear', folder);
  run(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements);
  // Last, so that an installation that was broken off is begun again.
  writeFileSync(mark, wanted);
  return python;
}
