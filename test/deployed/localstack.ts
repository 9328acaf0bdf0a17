import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../infra/local/free-port.ts';
import type { RunningEmulator } from './emulator-process.ts';
import { emulatorsFolder } from './emulators-folder.ts';
import { endGroup, endGroupAtExit } from './process-group.ts';

const defaultEndpoint = 'http://127.0.0.1:4566';
const setUpTimeoutMs = 1_800_000;
const startTimeoutMs = 300_000;

/**
 * A LocalStack to deploy to: without more said the one that runs already, as `docker compose` starts it, at
 * AWS_ENDPOINT_URL or its usual port. Where FLORIN_LOCALSTACK_HOST names a folder with a `setup.sh` and a `start.sh` that
 * run LocalStack as plain processes of this machine, one is installed with them and started.
 *
 * @throws Error when neither can be had.
 */
export async function localStack(): Promise<RunningEmulator> {
  const scripts = process.env.FLORIN_LOCALSTACK_HOST;
  if (scripts) return startOnHost(path.resolve(scripts));
  const endpoint = process.env.AWS_ENDPOINT_URL || defaultEndpoint;
  try {
    const { ok } = await fetch(`${endpoint}/_localstack/health`, { signal: AbortSignal.timeout(5_000) });
    if (!ok) throw new Error('it is not healthy');
  } catch (error) {
    const start = 'docker compose -f docker-compose.localstack.yml up -d --wait';
    throw new Error(`No LocalStack answers at ${endpoint}. Start it with: ${start}`, { cause: error });
  }
  return { endpoint, stop: async () => {} };
}

async function startOnHost(scripts: string): Promise<RunningEmulator> {
  const folder = path.join(emulatorsFolder, 'localstack');
  const port = await freePort();
  const bash = (script: string, words: readonly string[], timeout: number) =>
    execFileSync('bash', [path.join(scripts, script), folder, ...words], {
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout,
      // Functions at once: enough for the workers beside the API, few enough for the machine.
      env: { ...process.env, LAMBDA_LIMITS_CONCURRENT_EXECUTIONS: '30' },
    });
  bash('setup.sh', [], setUpTimeoutMs);
  bash('start.sh', [String(port)], startTimeoutMs);
  const pid = Number(readFileSync(path.join(folder, 'localstack.pid'), 'utf8'));
  endGroupAtExit(pid);
  return { endpoint: `http://127.0.0.1:${port}`, stop: () => endGroup(pid) };
}
