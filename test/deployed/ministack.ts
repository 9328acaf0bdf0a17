import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../infra/local/free-port.ts';
import { pythonOf } from '../support/python.ts';
import { type RunningEmulator, startEmulator } from './emulator-process.ts';
import { emulatorsFolder } from './emulators-folder.ts';

const requirements = path.join(import.meta.dirname, 'ministack-requirements.txt');
/** Functions at once: enough for the workers beside the API. With the 10 that a new AWS account may have, they take turns with its requests. */
const concurrentExecutions = 30;

/** Starts ministack, an emulator of AWS in one Python process, after installing it where it is missing. Needs Python 3.11 or later. */
export async function startMinistack(): Promise<RunningEmulator> {
  const port = await freePort();
  // The code of every function that it has run is left there.
  const temporary = mkdtempSync(path.join(tmpdir(), 'florin-ministack-'));
  const emulator = await startEmulator({
    command: pythonOf('ministack', requirements),
    words: ['-m', 'ministack'],
    environment: {
      BIND_HOST: '127.0.0.1',
      TMPDIR: temporary,
      GATEWAY_PORT: String(port),
      LAMBDA_ACCOUNT_CONCURRENCY: String(concurrentExecutions),
    },
    endpoint: `http://127.0.0.1:${port}`,
    healthPath: '/_ministack/health',
    logFile: path.join(emulatorsFolder, 'ministack.log'),
  });
  return {
    endpoint: emulator.endpoint,
    async stop() {
      await emulator.stop();
      rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
