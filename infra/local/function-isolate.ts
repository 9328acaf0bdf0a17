import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { FunctionDefinition } from './deployment.ts';
import { InvocationError, type InvocationFailure } from './invocation-errors.ts';
import type { Failure, FromIsolate, IsolateSettings, ToIsolate } from './isolate-protocol.ts';
import { accountId, region } from './stack-scope.ts';

/** Receives what functions print and what goes wrong with them. */
export interface FunctionOutput {
  printed(functionName: string, text: string): void;
  failed(functionName: string, message: string): void;
}

interface PendingInvocation {
  readonly fulfil: (result: unknown) => void;
  readonly reject: (error: InvocationError) => void;
  readonly deadline: number;
}

/** How often deadlines are looked at; a timer for each invocation would be dearer. */
const sweepIntervalMs = 200;
/** A thread that does not answer for so long after a time-out runs in circles and is ended. */
const livenessTimeoutMs = 1_000;
/** How long a thread may take to end by itself. */
const endTimeoutMs = 500;

let workerSource: URL | undefined;

/** The worker's code with its types stripped, as a URL that every thread can load. */
function workerUrl(): URL {
  workerSource ??= new URL(
    `data:text/javascript,${encodeURIComponent(
      withoutTypes(readFileSync(new URL('./isolate-worker.ts', import.meta.url), 'utf8')),
    )}`,
  );
  return workerSource;
}

/** Node strips its own files in the same way without a word, but warns whoever asks for it that this may change. */
function withoutTypes(source: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}

/**
 * One execution environment of a function: a thread with an environment of its own. It starts with the first invocation, takes
 * any number of invocations at once, and starts anew after a crash. An invocation always settles: with the
 * handler's result, or with an `InvocationError`.
 */
export class FunctionIsolate {
  readonly #definition: FunctionDefinition;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #output: FunctionOutput;
  /** Default Lambda ends an environment whose invocation timed out; one that serves many at once must go on. */
  readonly #endOnTimeout: boolean;
  readonly #compiledCodeFolder: string | undefined;
  readonly #pending = new Map<number, PendingInvocation>();
  #worker: Worker | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #liveness: NodeJS.Timeout | undefined;
  #nextId = 1;
  #lastUsedAt = 0;
  #starts = 0;

  constructor(
    definition: FunctionDefinition,
    environment: Readonly<Record<string, string>>,
    output: FunctionOutput,
    endOnTimeout: boolean,
    compiledCodeFolder?: string,
  ) {
    this.#definition = definition;
    this.#environment = environment;
    this.#output = output;
    this.#endOnTimeout = endOnTimeout;
    this.#compiledCodeFolder = compiledCodeFolder;
  }

  /** Whether its thread is there. */
  get isAlive(): boolean {
    return this.#worker !== undefined;
  }

  /** How often its thread was started. */
  get starts(): number {
    return this.#starts;
  }

  /**
   * @param trace what `_X_AMZN_TRACE_ID` says to the handler.
   * @throws {InvocationError} through the promise.
   */
  invoke(event: unknown, requestId: string, trace: string): Promise<unknown> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const id = this.#nextId++;
    this.#lastUsedAt = Date.now();
    const deadline = this.#lastUsedAt + this.#definition.timeoutSeconds * 1_000;
    return new Promise((fulfil, reject) => {
      this.#pending.set(id, { fulfil, reject, deadline });
      this.#sweep ??= setTimeout(() => this.#expire(), sweepIntervalMs).unref();
      const message: ToIsolate = { kind: 'invoke', id, event, requestId, trace, deadline };
      worker.postMessage(message);
    });
  }

  /** Ends the thread, which gives back some 35 MB, if it has had nothing to do for so long. The next invocation starts another. */
  async reclaim(idleMs: number): Promise<void> {
    if (this.#pending.size === 0 && Date.now() - this.#lastUsedAt >= idleMs) {
      await this.stop();
    }
  }

  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#forget('crashed', 'The runtime was stopped.');
    if (worker) {
      const ended = new Promise((fulfil) => worker.once('exit', fulfil));
      const message: ToIsolate = { kind: 'end' };
      worker.postMessage(message);
      await Promise.race([ended, sleep(endTimeoutMs, undefined, { ref: false })]);
      await worker.terminate();
    }
  }

  #start(): Worker {
    this.#starts += 1;
    const { name, codeFolder, handler, memoryMegabytes } = this.#definition;
    const dot = handler.lastIndexOf('.');
    const settings: IsolateSettings = {
      functionName: name,
      functionArn: `arn:aws:lambda:${region}:${accountId}:function:${name}`,
      memoryMegabytes,
      moduleUrl: pathToFileURL(join(codeFolder, `${handler.slice(0, dot)}.mjs`)).href,
      handlerName: handler.slice(dot + 1),
      ...(this.#compiledCodeFolder && { compiledCodeFolder: this.#compiledCodeFolder }),
    };
    const worker = new Worker(workerUrl(), {
      workerData: settings,
      env: { ...this.#environment },
      execArgv: [],
      name,
      // The thread collects its output itself; reading these streams as well would wake both threads for every line.
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: memoryMegabytes, maxYoungGenerationSizeMb: youngGenerationMegabytes },
    });
    worker.on('message', (message: FromIsolate) => this.#receive(worker, message));
    worker.on('error', (error) => this.#end(worker, 'crashed', `${error.name}: ${error.message}`));
    worker.on('exit', (code) => this.#end(worker, 'crashed', `the thread ended with code ${code}`));
    return worker;
  }

  #receive(worker: Worker, message: FromIsolate): void {
    switch (message.kind) {
      case 'result':
        this.#take(message.id)?.fulfil(message.result);
        break;
      case 'failure':
        this.#take(message.id)?.reject(this.#handlerError(message.failure));
        break;
      case 'output':
        this.#output.printed(this.#definition.name, message.text);
        break;
      case 'pong':
        clearTimeout(this.#liveness);
        this.#liveness = undefined;
        break;
      case 'not-loaded':
        this.#end(worker, 'not-loaded', message.failure.stack ?? message.failure.message);
        void worker.terminate();
        break;
      case 'ready':
        break;
    }
  }

  #take(id: number): PendingInvocation | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #handlerError(failure: Failure): InvocationError {
    this.#output.failed(this.#definition.name, failure.stack ?? `${failure.name}: ${failure.message}`);
    return new InvocationError('handler-error', `${failure.name}: ${failure.message}`);
  }

  /** Gives up what has passed its deadline. All invocations have the same time-out, so the oldest come first. */
  #expire(): void {
    this.#sweep = undefined;
    const now = Date.now();
    let expired = false;
    for (const [id, { deadline, reject }] of this.#pending) {
      if (deadline > now) {
        break;
      }
      this.#pending.delete(id);
      reject(new InvocationError('timed-out', `The function timed out after ${this.#definition.timeoutSeconds} s.`));
      expired = true;
    }
    if (expired) {
      this.#output.failed(this.#definition.name, `an invocation timed out after ${this.#definition.timeoutSeconds} s`);
      this.#afterTimeout();
    }
    if (this.#pending.size > 0) {
      this.#sweep = setTimeout(() => this.#expire(), sweepIntervalMs).unref();
    }
  }

  #afterTimeout(): void {
    const worker = this.#worker;
    if (!worker || this.#liveness) {
      return;
    }
    if (this.#endOnTimeout) {
      this.#end(worker, 'crashed', 'its environment was ended after a time-out');
      void worker.terminate();
      return;
    }
    const ping: ToIsolate = { kind: 'ping' };
    worker.postMessage(ping);
    this.#liveness = setTimeout(() => {
      this.#end(worker, 'crashed', 'its thread does not answer and was ended');
      void worker.terminate();
    }, livenessTimeoutMs).unref();
  }

  #end(worker: Worker, failure: InvocationFailure, reason: string): void {
    if (this.#worker === worker) {
      this.#output.failed(this.#definition.name, reason);
      this.#forget(failure, reason);
    }
  }

  #forget(failure: InvocationFailure, reason: string): void {
    clearTimeout(this.#liveness);
    clearTimeout(this.#sweep);
    this.#liveness = undefined;
    this.#sweep = undefined;
    this.#worker = undefined;
    const abandoned = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of abandoned) {
      reject(new InvocationError(failure, reason));
    }
  }
}

/** Bounds the memory that a thread keeps after a burst; a larger young generation gains nothing measurable here. */
const youngGenerationMegabytes = 16;
