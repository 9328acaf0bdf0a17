import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../infra/local/free-port.ts';
import type { Contestant } from '../contestant.ts';
import { sumFlorinBooks } from './florin-ledger.ts';

const API_KEY = `flk_dev_${'B'.repeat(32)}`;
/** Long enough for a first build of the application. */
const START_TIMEOUT_MS = 120_000;
const MAIN = fileURLToPath(new URL('../../../infra/local/main.ts', import.meta.url));

export type FlorinOptions = {
  readonly name: string;
  /** The data folder; must not exist yet. */
  readonly folder: string;
  /** Isolates of each function, with one request each; left out: one that serves many at once. */
  readonly isolates?: number;
};

/** Starts the embedded runtime exactly as a user does, in processes of its own. */
export async function startFlorin({ name, folder, isolates }: FlorinOptions): Promise<Contestant> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const runtime = spawn(process.execPath, [MAIN], {
    env: {
      ...process.env,
      PORT: String(port),
      FLORIN_DATA: folder,
      FLORIN_API_KEY: API_KEY,
      FLORIN_ISOLATES: isolates === undefined ? '' : String(isolates),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = lastOutput(runtime);
  await healthy(url, runtime, output);
  let stopping = false;
  runtime.once('exit', (code, signal) => {
    // A crash closes connections first, so the bench may be stopping everything already when it learns of it.
    if (!stopping || code !== 0)
      process.stderr.write(`${name} ended by itself (${code ?? signal}). Its last words:\n${output()}\n`);
  });
  const contestant = { name, url, apiKey: API_KEY, processId: runtime.pid };
  return {
    ...contestant,
    sums: () => sumFlorinBooks(contestant),
    stop: async () => {
      stopping = true;
      if (runtime.exitCode !== null || runtime.signalCode !== null) return;
      const exited = once(runtime, 'exit');
      runtime.kill('SIGTERM');
      await exited;
    },
  };
}

function lastOutput(runtime: ChildProcess): () => string {
  let text = '';
  for (const stream of [runtime.stdout, runtime.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-4_000);
    });
  }
  return () => text;
}

/** Resolves once the runtime has said that it is ready, demo data included. */
async function healthy(url: string, runtime: ChildProcess, output: () => string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!output().includes('Florin is ready')) {
    if (runtime.exitCode !== null || Date.now() > deadline) throw new Error(`Florin did not start:\n${output()}`);
    await sleep(50);
  }
  const { status } = await fetch(`${url}/health`);
  if (status !== 200) throw new Error(`Florin says it is ready, but its health check answers ${status}.`);
}
