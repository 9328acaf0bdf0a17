import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { freePort } from '../../infra/local/free-port.ts';
import { ApiClient } from '../support/api-client.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import type { FaultRule } from '../support/fault-rules.ts';
import { until } from '../support/until.ts';
import type { FromRuntime, MortalSettings, RuntimeServices, SendDeath, ToRuntime } from './mortal-messages.ts';
import { scale } from './scale.ts';

export interface ScenarioOptions {
  readonly deliversTwice?: boolean;
  /** Puts nothing between functions and DynamoDB: the proxy is there, and sees no calls. */
  readonly isDirect?: boolean;
}

const program = join(import.meta.dirname, 'mortal-runtime.ts');
/** The first start builds the application. */
const startTimeoutMs = 120_000;
const restTimeoutMs = 120_000 * scale;
const linesOfLogShown = 30;

/** One life of the runtime: its process, and the proxy between its functions and its DynamoDB. */
interface Life {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  readonly proxy: FaultProxy;
  readonly services: RuntimeServices;
  readonly client: DynamoDBClient;
  isArmed: boolean;
}

/** An embedded runtime that dies and is started again on the same data, behind the same address. */
export class ScenarioRuntime {
  readonly #folder: string;
  readonly #settings: MortalSettings;
  readonly #isDirect: boolean;
  #life: Life;

  private constructor(folder: string, settings: MortalSettings, isDirect: boolean, life: Life) {
    this.#folder = folder;
    this.#settings = settings;
    this.#isDirect = isDirect;
    this.#life = life;
  }

  static async start({ deliversTwice = false, isDirect = false }: ScenarioOptions = {}): Promise<ScenarioRuntime> {
    const folder = await mkdtemp(join(tmpdir(), 'florin-scenario-'));
    const dataFolder = join(folder, 'data');
    const settings = { dataFolder, port: await freePort(), publishedFile: join(folder, 'published'), deliversTwice };
    return new ScenarioRuntime(folder, settings, isDirect, await begin(settings, isDirect));
  }

  get api(): ApiClient {
    return new ApiClient(this.services.url, this.services.apiKey);
  }

  get services(): RuntimeServices {
    return this.#life.services;
  }

  /** Reads and writes DynamoDB without the proxy. */
  get client(): DynamoDBClient {
    return this.#life.client;
  }

  get proxy(): FaultProxy {
    return this.#life.proxy;
  }

  get ledgerTable(): string {
    return this.#table('LedgerTable');
  }

  get platformTable(): string {
    return this.#table('PlatformTable');
  }

  queueUrl(logicalId: string): string {
    const found = Object.entries(this.services.queueUrls).find(([name]) =>
      name.startsWith(`Messaging${logicalId}Queue`),
    );
    if (!found) throw new Error(`There is no queue ${logicalId}.`);
    return found[1];
  }

  /** The ids of the events that a subscriber of the topic has received, each as often as it was. */
  get published(): readonly string[] {
    const { publishedFile } = this.#settings;
    return existsSync(publishedFile) ? readFileSync(publishedFile, 'utf8').trim().split('\n') : [];
  }

  /** Ends the process with SIGKILL and waits until it is gone; `database`: its DynamoDB as well, at the same moment. */
  async kill(database: 'with database' | 'alone' = 'alone'): Promise<void> {
    if (database === 'with database') process.kill(this.services.dynamodbPid, 'SIGKILL');
    this.#life.child.kill('SIGKILL');
    await this.#end();
  }

  /**
   * Dies at the first call to DynamoDB that meets the condition: before DynamoDB hears of it, or when it has answered, without the
   * answer arriving. Resolves when the process is gone.
   */
  async dieAtCall(condition: Omit<FaultRule, 'fault' | 'count'>, when: 'before' | 'after'): Promise<void> {
    const { proxy } = this.#life;
    proxy.log.length = 0;
    proxy.rules.push({ ...condition, fault: { kind: 'hang', when }, count: 1 });
    await until(`a call to die at: ${condition.operation}`, () =>
      proxy.log.some(({ faults, targetStatus }) => {
        return faults.includes('hang') && (when === 'before' || targetStatus !== undefined);
      }),
    );
    await this.kill();
  }

  /** From when this resolves on, the process ends itself at the next such message. */
  async armed(death: SendDeath): Promise<void> {
    this.#life.isArmed = false;
    tell(this.#life.child, { kind: 'die', death });
    await until('the runtime to know where to die', () => this.#life.isArmed);
  }

  /** Resolves when the process has ended by itself. */
  async died(): Promise<void> {
    const { child } = this.#life;
    await until('the runtime to die', () => child.signalCode === 'SIGKILL');
    await this.#end();
  }

  /** Starts the next life of a runtime that is dead. */
  async restart(): Promise<void> {
    this.#life = await begin(this.#settings, this.#isDirect);
  }

  /** Resolves when nothing is left to be done: streams at their ends, queues of workers empty, nothing underway. */
  async atRest(): Promise<void> {
    const { url } = this.services;
    try {
      await until(
        'everything to come to rest',
        async () => /^florin_runtime_drained 1$/m.test(await (await fetch(`${url}/metrics`)).text()),
        restTimeoutMs,
      );
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${this.log()}`, { cause: error });
    }
  }

  /** The last that the functions have logged, to find out what went wrong. */
  log(): string {
    const file = join(this.#settings.dataFolder, 'functions.log');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-linesOfLogShown).join('\n') : '';
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10 });
  }

  async #end(): Promise<void> {
    const { exited, proxy, client } = this.#life;
    await exited;
    await proxy.stop();
    client.destroy();
  }

  #table(prefix: string): string {
    const found = Object.entries(this.services.tables).find(([logicalId]) => logicalId.startsWith(prefix));
    if (!found) throw new Error(`There is no ${prefix}.`);
    return found[1];
  }
}

async function begin(settings: MortalSettings, isDirect: boolean): Promise<Life> {
  const { PATH, HOME, TMPDIR } = process.env;
  const child = spawn(process.execPath, [program, JSON.stringify(settings)], {
    env: { ...(PATH && { PATH }), ...(HOME && { HOME }), ...(TMPDIR && { TMPDIR }) },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-5_000);
  });
  const exited = once(child, 'exit');
  let proxy: FaultProxy | undefined;
  let services: RuntimeServices | undefined;
  let life: Life | undefined;
  child.on('message', async (message: FromRuntime) => {
    if (message.kind === 'ready') services = message.services;
    else if (message.kind === 'armed' && life) life.isArmed = true;
    else if (message.kind === 'database') {
      proxy = await startFaultProxy({ target: message.endpoint });
      tell(child, { kind: 'functionsEndpoint', url: isDirect ? message.endpoint : proxy.url });
    }
  });
  const ready = await until(
    'the runtime to start',
    () => services ?? (child.exitCode !== null && 'ended'),
    startTimeoutMs,
  );
  if (ready === 'ended' || !proxy) throw new Error(`The runtime did not start:\n${said}`);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new DynamoDBClient({ endpoint: ready.dynamodbEndpoint, region: 'us-east-1', credentials });
  life = { child, exited, proxy, services: ready, client, isArmed: false };
  return life;
}

function tell(child: ChildProcess, message: ToRuntime): void {
  child.send(message);
}
