import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type EmbeddedOptions, startEmbedded } from '../../infra/local/embedded.ts';
import { freePort } from '../../infra/local/free-port.ts';
import { keepFunctionLogs } from './collected-logs.ts';

const main = fileURLToPath(new URL('../../infra/local/main.ts', import.meta.url));
/** A first start builds the application, and several test files may wait for the same build. */
const startTimeoutMs = 170_000;
const portTries = 5;

/** An embedded runtime of a test's own. */
export interface TestRuntime {
  readonly url: string;
  readonly apiKey: string;
  /** The tables' names by their logical ids in the template. */
  readonly tables: Readonly<Record<string, string>>;
  readonly dynamodbEndpoint: string;
  /** Where SQS and SNS answer; empty if the template has neither. */
  readonly queuesEndpoint: string;
  /** The queues' URLs by their logical ids in the template. */
  readonly queueUrls: Readonly<Record<string, string>>;
  /** The topics' ARNs by their logical ids in the template. */
  readonly topicArns: Readonly<Record<string, string>>;
  /** Resolves when streams are at their ends, the queues of workers empty, and nothing is being processed. */
  drained(): Promise<void>;
  /** Stops it and deletes its data, unless the folder was given. */
  stop(): Promise<void>;
}

/** Starts the whole runtime inside this process, on a free port and, unless one is given, a data folder of its own. */
export async function startEmbeddedHere(options: Partial<EmbeddedOptions> = {}): Promise<TestRuntime> {
  const dataFolder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), 'florin-test-')));
  const runtime = await startEmbedded({ quiet: true, ...options, dataFolder });
  return {
    url: runtime.url,
    apiKey: runtime.apiKey,
    tables: runtime.tables,
    dynamodbEndpoint: runtime.dynamodbEndpoint,
    queuesEndpoint: runtime.queuesEndpoint ?? '',
    queueUrls: runtime.queueUrls,
    topicArns: runtime.topicArns,
    drained: () => runtime.drained(),
    async stop() {
      await runtime.stop();
      keepFunctionLogs(dataFolder);
      await removeUnlessGiven(dataFolder, options.dataFolder);
    },
  };
}

export interface ProcessOptions {
  /** Kept at the end, so that the next runtime can continue on it; by default a fresh one, which is deleted. */
  readonly dataFolder?: string;
  /** The port to listen on; by default a free one. */
  readonly port?: number;
  readonly apiKey?: string;
  readonly isolates?: number;
  readonly seed?: boolean;
  /** Uses this DynamoDB, or a proxy in front of it, and starts none. */
  readonly dynamodbEndpoint?: string;
  /** What it shows of the functions' logs (FLORIN_LOG). */
  readonly log?: 'requests' | 'warnings';
}

/** An embedded runtime in processes of its own, as `npm start` runs it. */
export interface RuntimeProcess {
  readonly url: string;
  readonly port: number;
  readonly apiKey: string;
  readonly dataFolder: string;
  /** The runtime's own process. */
  readonly pid: number;
  /** The process of its DynamoDB; absent if another one is used. */
  readonly dynamodbPid?: number;
  /** What it has printed. */
  output(): string;
  /** Resolves when streams are at their ends, the queues of workers empty, and nothing is being processed. */
  drained(): Promise<void>;
  /** Ends the runtime's process with SIGKILL: nothing is finished, nothing is said. Resolves when it is gone. */
  kill(): Promise<void>;
  /**
   * Asks it to stop (SIGTERM), waits until it has, and deletes its data unless the folder was given.
   * @throws if it ended with another code than 0, unless it had been killed before.
   */
  stop(): Promise<void>;
}

/**
 * Starts `npm start`'s process and waits until it is ready.
 * @throws with everything that it printed, if it ends before.
 */
export async function startEmbeddedProcess(options: ProcessOptions = {}): Promise<RuntimeProcess> {
  const dataFolder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), 'florin-test-')));
  for (let tries = 1; ; tries++) {
    const port = options.port ?? (await freePort());
    try {
      return await startOn(port, options, dataFolder);
    } catch (error) {
      // A port that was free when it was drawn may be somebody else's by now.
      const isTaken = String(error).includes(`Port ${port} is in use`);
      if (options.port !== undefined || tries === portTries || !isTaken) throw error;
    }
  }
}

async function startOn(port: number, options: ProcessOptions, dataFolder: string): Promise<RuntimeProcess> {
  const child = spawn(process.execPath, [main], {
    env: runtimeEnvironment(options, dataFolder, port),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const output = collectOutput(child);
  await untilReady(child, output);
  const pidFile = join(dataFolder, 'dynamodb.pid');
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    apiKey: options.apiKey ?? (await readFile(join(dataFolder, 'api-key'), 'utf8')).trim(),
    dataFolder,
    // A process that has printed something has been started, so it has a pid.
    pid: child.pid as number,
    ...(!options.dynamodbEndpoint && { dynamodbPid: Number(await readFile(pidFile, 'utf8')) }),
    output,
    drained: () => untilDrained(`http://127.0.0.1:${port}`),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
      keepFunctionLogs(dataFolder);
      await removeUnlessGiven(dataFolder, options.dataFolder);
      if (child.exitCode !== 0 && child.signalCode !== 'SIGKILL') {
        throw new Error(`The embedded runtime stopped with code ${child.exitCode}:\n${output()}`);
      }
    },
  };
}

/** Asks a runtime for its metrics until they say that it has nothing left to do. It never gives up by itself. */
export async function untilDrained(url: string): Promise<void> {
  for (;;) {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    if (/^florin_runtime_drained 1$/m.test(metrics)) return;
    await sleep(50);
  }
}

function runtimeEnvironment(options: ProcessOptions, dataFolder: string, port: number): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  return {
    ...(PATH && { PATH }),
    ...(HOME && { HOME }),
    ...(TMPDIR && { TMPDIR }),
    PORT: String(port),
    FLORIN_DATA: dataFolder,
    ...(options.apiKey && { FLORIN_API_KEY: options.apiKey }),
    ...(options.isolates && { FLORIN_ISOLATES: String(options.isolates) }),
    ...(options.seed === false && { FLORIN_SEED: 'off' }),
    ...(options.dynamodbEndpoint && { AWS_ENDPOINT_URL_DYNAMODB: options.dynamodbEndpoint }),
    ...(options.log && { FLORIN_LOG: options.log }),
  };
}

function collectOutput(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  return () => text;
}

async function untilReady(child: ChildProcess, output: () => string): Promise<void> {
  const giveUpAt = Date.now() + startTimeoutMs;
  while (!output().includes('Florin is ready')) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > giveUpAt) {
      child.kill('SIGKILL');
      throw new Error(`The embedded runtime did not start:\n${output()}`);
    }
    await sleep(20);
  }
}

async function removeUnlessGiven(folder: string, given: string | undefined): Promise<void> {
  if (given === undefined) {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
