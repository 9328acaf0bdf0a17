import { randomUUID } from 'node:crypto';
import type { FunctionDefinition } from './deployment.ts';
import { FunctionIsolate, type FunctionOutput } from './function-isolate.ts';
import { InvocationError, type InvocationFailure } from './invocation-errors.ts';
import type { FunctionStatistics } from './runtime-metrics.ts';
import { region } from './stack-scope.ts';
import { invocationTrace, traceHeader } from './trace-header.ts';

/** Where the services are that the SDK in a function talks to. */
export interface ServiceEndpoints {
  readonly dynamodb: string;
  readonly queues?: string;
  readonly parameters?: string;
  readonly keys?: string;
}

export interface FunctionOptions {
  readonly endpoints: ServiceEndpoints;
  /** Absent: one isolate serves everything at once. A number: so many isolates serve one request each. */
  readonly isolates?: number;
  /** Where the compiled code of bundles is kept; absent: nowhere, and each isolate compiles its own. */
  readonly compiledCodeFolder?: string;
  readonly output: FunctionOutput;
}

interface WaitingInvocation {
  readonly event: unknown;
  readonly trace: string;
  readonly fulfil: (result: Promise<unknown>) => void;
  readonly reject: (error: InvocationError) => void;
  readonly giveUpAt: number;
}

/** What an isolate announces to take at once; any number will do, since it is the gateway that bounds a burst. */
const concurrencyOfOneIsolate = 1_000;
/** Requests that wait for a free isolate; beyond it they are refused, as Lambda refuses above its concurrency. */
const maximumWaiting = 1_000;
const sweepIntervalMs = 200;

/** A function with all its isolates. */
export class LambdaFunction {
  readonly #idle: FunctionIsolate[];
  readonly #all: readonly FunctionIsolate[];
  readonly #exclusive: boolean;
  readonly #waiting: WaitingInvocation[] = [];
  readonly #failures = new Map<InvocationFailure, number>();
  #sweep: NodeJS.Timeout | undefined;

  constructor(definition: FunctionDefinition, options: FunctionOptions) {
    this.#exclusive = options.isolates !== undefined;
    const environment = functionEnvironment(definition, options);
    this.#all = Array.from(
      { length: options.isolates ?? 1 },
      () => new FunctionIsolate(definition, environment, options.output, this.#exclusive, options.compiledCodeFolder),
    );
    this.#idle = [...this.#all].reverse();
  }

  /**
   * Runs the handler with the event.
   * @param maximumWaitMs how long the caller is ready to wait for a free isolate.
   * @param tracing the tracing header that came with the event; without one the invocation begins a trace of its own.
   * @throws {InvocationError} through the promise, whenever there is no result.
   */
  async invoke(event: unknown, maximumWaitMs: number, tracing?: string): Promise<unknown> {
    const now = Date.now();
    const trace = invocationTrace(tracing ?? traceHeader(undefined, now), now);
    try {
      return await this.#dispatch(event, maximumWaitMs, trace);
    } catch (error) {
      if (error instanceof InvocationError) {
        this.#failures.set(error.failure, (this.#failures.get(error.failure) ?? 0) + 1);
      }
      throw error;
    }
  }

  /** Its isolates and failures since it was made. */
  get statistics(): FunctionStatistics {
    return {
      isolates: this.#all.filter(({ isAlive }) => isAlive).length,
      coldStarts: this.#all.reduce((sum, { starts }) => sum + starts, 0),
      failures: this.#failures,
    };
  }

  #dispatch(event: unknown, maximumWaitMs: number, trace: string): Promise<unknown> {
    if (!this.#exclusive) {
      // There is exactly one isolate then.
      return (this.#all[0] as FunctionIsolate).invoke(event, randomUUID(), trace);
    }
    const isolate = this.#idle.pop();
    if (isolate) {
      return this.#runAlone(isolate, event, trace);
    }
    if (this.#waiting.length >= maximumWaiting) {
      return Promise.reject(new InvocationError('throttled', 'Too many requests wait for this function.'));
    }
    return new Promise((fulfil, reject) => {
      this.#waiting.push({ event, trace, fulfil, reject, giveUpAt: Date.now() + maximumWaitMs });
      this.#sweep ??= setTimeout(() => this.#expire(), sweepIntervalMs).unref();
    });
  }

  /** Gives back the memory of isolates that have been idle for so long, as Lambda does. */
  async reclaim(idleMs: number): Promise<void> {
    await Promise.all(this.#all.map((isolate) => isolate.reclaim(idleMs)));
  }

  async stop(): Promise<void> {
    clearTimeout(this.#sweep);
    for (const { reject } of this.#waiting.splice(0)) {
      reject(new InvocationError('not-started', 'The runtime was stopped.'));
    }
    await Promise.all(this.#all.map((isolate) => isolate.stop()));
  }

  async #runAlone(isolate: FunctionIsolate, event: unknown, trace: string): Promise<unknown> {
    try {
      return await isolate.invoke(event, randomUUID(), trace);
    } finally {
      const next = this.#waiting.shift();
      if (next) {
        next.fulfil(this.#runAlone(isolate, next.event, next.trace));
      } else {
        // Last in, first out: a light load keeps few isolates warm, as in Lambda.
        this.#idle.push(isolate);
      }
    }
  }

  #expire(): void {
    this.#sweep = undefined;
    const now = Date.now();
    for (let first = this.#waiting[0]; first && first.giveUpAt <= now; first = this.#waiting[0]) {
      this.#waiting.shift();
      first.reject(new InvocationError('not-started', 'No isolate came free in time.'));
    }
    if (this.#waiting.length > 0) {
      this.#sweep = setTimeout(() => this.#expire(), sweepIntervalMs).unref();
    }
  }
}

/** What the template gives, and what Lambda itself adds to it; nothing comes from the environment of this process. */
function functionEnvironment(definition: FunctionDefinition, options: FunctionOptions): Record<string, string> {
  return {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: 'embedded',
    AWS_SECRET_ACCESS_KEY: 'embedded',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
    AWS_LAMBDA_FUNCTION_VERSION: '1',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryMegabytes),
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${definition.name}`,
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    ...(options.isolates === undefined && { AWS_LAMBDA_MAX_CONCURRENCY: String(concurrencyOfOneIsolate) }),
    _HANDLER: definition.handler,
    LAMBDA_TASK_ROOT: definition.codeFolder,
    TZ: ':UTC',
    AWS_ENDPOINT_URL_DYNAMODB: options.endpoints.dynamodb,
    ...(options.endpoints.queues && {
      AWS_ENDPOINT_URL_SQS: options.endpoints.queues,
      AWS_ENDPOINT_URL_SNS: options.endpoints.queues,
    }),
    ...(options.endpoints.parameters && { AWS_ENDPOINT_URL_SSM: options.endpoints.parameters }),
    ...(options.endpoints.keys && { AWS_ENDPOINT_URL_KMS: options.endpoints.keys }),
    ...definition.environment,
  };
}
