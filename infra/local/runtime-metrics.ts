import type * as Prometheus from 'prom-client';
import { Counter, Gauge } from './prometheus-client.ts';

/** What is known of one function since the runtime started. */
export interface FunctionStatistics {
  /** Isolates that are alive now. */
  readonly isolates: number;
  readonly coldStarts: number;
  /** Invocations without a result, by the kind of failure. */
  readonly failures: ReadonlyMap<string, number>;
}

/** Where the runtime's own figures come from; they are asked for when somebody looks. */
export interface RuntimeSources {
  readonly functions: ReadonlyMap<string, { readonly statistics: FunctionStatistics }>;
  /** Answers of the gateway by status. */
  readonly responses: ReadonlyMap<string, number>;
}

/** Adds what the runtime itself knows, and CloudWatch would know of Lambda and API Gateway. */
export function addRuntimeMetrics(registry: Prometheus.Registry, { functions, responses }: RuntimeSources): void {
  const registers = [registry];
  const label = 'function';
  new Gauge({
    name: 'florin_runtime_isolates',
    help: 'Isolates alive, by function.',
    labelNames: [label],
    registers,
    collect() {
      for (const [name, { statistics }] of functions) this.set({ [label]: name }, statistics.isolates);
    },
  });
  new Counter({
    name: 'florin_runtime_cold_starts_total',
    help: 'Isolates started, by function.',
    labelNames: [label],
    registers,
    collect() {
      this.reset();
      for (const [name, { statistics }] of functions) this.inc({ [label]: name }, statistics.coldStarts);
    },
  });
  new Counter({
    name: 'florin_runtime_failed_invocations_total',
    help: 'Invocations without a result, by function and kind: handler-error, not-loaded, timed-out, crashed, throttled, not-started.',
    labelNames: [label, 'failure'],
    registers,
    collect() {
      this.reset();
      for (const [name, { statistics }] of functions) {
        for (const [failure, count] of statistics.failures) this.inc({ [label]: name, failure }, count);
      }
    },
  });
  new Counter({
    name: 'florin_runtime_responses_total',
    help: 'Answers of the gateway, by status; aborted: the client went away before there was one.',
    labelNames: ['status'],
    registers,
    collect() {
      this.reset();
      for (const [status, count] of responses) this.inc({ status }, count);
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory of the process with all isolates, without the database, in bytes.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
}
