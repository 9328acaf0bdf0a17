/**
 * Runs in a function's own thread and plays Lambda's Node.js runtime there: it loads the bundle, runs each invocation with a
 * context and inside an invoke store, and hands on what the function prints.
 *
 * This file may import types and node: modules only. It is stripped of its types once, by the thread that starts the
 * functions (see function-isolate.ts), since a compiler in every thread would cost 10 MB each.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { enableCompileCache } from 'node:module';
import { Writable } from 'node:stream';
import { parentPort, workerData } from 'node:worker_threads';
import type { Failure, FromIsolate, InvokeMessage, IsolateSettings, ToIsolate } from './isolate-protocol.ts';

type Handler = (event: unknown, context: object) => unknown;
type Store = Record<PropertyKey, unknown>;

const settings: IsolateSettings = workerData;
const outputIntervalMs = 50;
const startedAt = new Date().toISOString();
const servesOneAtATime = process.env.AWS_LAMBDA_MAX_CONCURRENCY === undefined;

function send(message: FromIsolate): void {
  parentPort?.postMessage(message);
}

/** Collects what is printed and sends it in batches: one message a line would cost more than many an invocation. */
class OutputStream extends Writable {
  readonly #stream: 'stdout' | 'stderr';
  #collected = '';
  #scheduled = false;

  constructor(stream: 'stdout' | 'stderr') {
    super({ decodeStrings: false });
    this.#stream = stream;
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    this.#collected += chunk.toString();
    if (!this.#scheduled) {
      this.#scheduled = true;
      setTimeout(() => this.flush(), outputIntervalMs).unref();
    }
    done();
  }

  flush(): void {
    this.#scheduled = false;
    if (this.#collected) {
      send({ kind: 'output', stream: this.#stream, text: this.#collected });
      this.#collected = '';
    }
  }
}

/** What Lambda's runtime offers as `awslambda.InvokeStore`: values that belong to one of many concurrent invocations. */
class InvokeStore {
  static readonly #storage = new AsyncLocalStorage<Store>();
  static readonly PROTECTED_KEYS = {
    REQUEST_ID: Symbol.for('_AWS_LAMBDA_REQUEST_ID'),
    X_RAY_TRACE_ID: Symbol.for('_AWS_LAMBDA_X_RAY_TRACE_ID'),
    TENANT_ID: Symbol.for('_AWS_LAMBDA_TENANT_ID'),
    TRACEPARENT: Symbol.for('_AWS_LAMBDA_TRACEPARENT'),
    TRACESTATE: Symbol.for('_AWS_LAMBDA_TRACESTATE'),
    BAGGAGE: Symbol.for('_AWS_LAMBDA_BAGGAGE'),
  };

  run<T>(context: Store, work: () => T): T {
    return InvokeStore.#storage.run(context, work);
  }

  getContext(): Store | undefined {
    return InvokeStore.#storage.getStore();
  }

  hasContext(): boolean {
    return this.getContext() !== undefined;
  }

  get(key: PropertyKey): unknown {
    return this.getContext()?.[key];
  }

  set(key: PropertyKey, value: unknown): void {
    if (Object.values<PropertyKey>(InvokeStore.PROTECTED_KEYS).includes(key)) {
      throw new Error(`Cannot modify protected Lambda context field: ${String(key)}`);
    }
    const store = this.getContext();
    if (!store) {
      throw new Error('No context available');
    }
    store[key] = value;
  }

  getRequestId(): unknown {
    return this.get(InvokeStore.PROTECTED_KEYS.REQUEST_ID) ?? '-';
  }

  getXRayTraceId(): unknown {
    return this.get(InvokeStore.PROTECTED_KEYS.X_RAY_TRACE_ID);
  }

  getTenantId(): unknown {
    return this.get(InvokeStore.PROTECTED_KEYS.TENANT_ID);
  }

  getTraceparent(): unknown {
    return this.get(InvokeStore.PROTECTED_KEYS.TRACEPARENT);
  }

  getTracestate(): unknown {
    return this.get(InvokeStore.PROTECTED_KEYS.TRACESTATE);
  }

  getBaggage(): unknown {
    return this.get(InvokeStore.PROTECTED_KEYS.BAGGAGE);
  }
}

/** The part of Lambda's context that does not change from one invocation to the next. */
const context = {
  callbackWaitsForEmptyEventLoop: true,
  functionName: settings.functionName,
  functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
  invokedFunctionArn: settings.functionArn,
  memoryLimitInMB: String(settings.memoryMegabytes),
  logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
  logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME ?? startedAt,
};

const invokeStore = new InvokeStore();
Object.assign(globalThis, { awslambda: { InvokeStore: invokeStore } });

const output = { stdout: new OutputStream('stdout'), stderr: new OutputStream('stderr') };
for (const [name, stream] of Object.entries(output)) {
  Object.defineProperty(process, name, { value: stream, configurable: true });
}
process.on('exit', () => {
  output.stdout.flush();
  output.stderr.flush();
});

function describeFailure(error: unknown): Failure {
  return error instanceof Error
    ? { name: error.name, message: error.message, ...(error.stack && { stack: error.stack }) }
    : { name: 'Error', message: String(error) };
}

async function invoke(handler: Handler, { id, event, requestId, trace, deadline }: InvokeMessage): Promise<void> {
  const { REQUEST_ID, X_RAY_TRACE_ID } = InvokeStore.PROTECTED_KEYS;
  const store = { [REQUEST_ID]: requestId, [X_RAY_TRACE_ID]: trace };
  if (servesOneAtATime) {
    // With many at once the variable could only tell of one of them, so Lambda does not set it there.
    process.env._X_AMZN_TRACE_ID = trace;
  }
  try {
    const result = await invokeStore.run(store, () =>
      handler(event, {
        ...context,
        awsRequestId: requestId,
        getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
      }),
    );
    send({ kind: 'result', id, result });
  } catch (error) {
    send({ kind: 'failure', id, failure: describeFailure(error) });
  }
}

async function load(): Promise<Handler> {
  // To compile the bundle takes as long as to run it, and every thread of the function would do so again.
  if (settings.compiledCodeFolder) enableCompileCache(settings.compiledCodeFolder);
  const module = await import(settings.moduleUrl);
  const handler = module[settings.handlerName];
  if (typeof handler !== 'function') {
    throw new TypeError(`${settings.moduleUrl} exports no function ${settings.handlerName}.`);
  }
  return handler;
}

try {
  const handler = await load();
  parentPort?.on('message', (message: ToIsolate) => {
    switch (message.kind) {
      case 'invoke':
        void invoke(handler, message);
        break;
      case 'ping':
        send({ kind: 'pong' });
        break;
      case 'end':
        process.exit();
    }
  });
  send({ kind: 'ready' });
} catch (error) {
  send({ kind: 'not-loaded', failure: describeFailure(error) });
}
