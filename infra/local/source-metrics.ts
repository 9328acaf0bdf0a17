import type * as Prometheus from 'prom-client';
import type { EventSourceDefinition } from './deployment.ts';
import { Counter, Gauge } from './prometheus-client.ts';
import type { QueueService } from './queues.ts';
import type { EventSources } from './sources/event-sources.ts';
import type { SourceStatistics } from './sources/source-statistics.ts';

/** Where the figures of event sources and queues come from; they are asked for when somebody looks. */
export interface SourceFigures {
  readonly sources: EventSources;
  readonly queues: QueueService | undefined;
  /** Of all queues, those for dead letters included. */
  readonly names: readonly string[];
}

/** Adds what CloudWatch would know of event source mappings and queues. */
export function addSourceMetrics(registry: Prometheus.Registry, { sources, queues, names }: SourceFigures): void {
  const registers = [registry];
  const labelNames = ['source', 'function'];
  const counters: Readonly<Record<string, [keyof SourceStatistics, string]>> = {
    batches: ['batches', 'Calls of a function by an event source.'],
    records: ['records', 'Records or messages that functions were called with, counted each time.'],
    failures: ['failures', 'Calls by an event source that failed, in part or as a whole.'],
    discarded_records: ['discarded', 'Records of a stream that were given up.'],
  };
  for (const [name, [figure, help]] of Object.entries(counters)) {
    new Counter({
      name: `florin_runtime_source_${name}_total`,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const { definition, statistics } of sources.all) {
          this.inc(labelsOf(definition), statistics[figure]);
        }
      },
    });
  }
  new Gauge({
    name: 'florin_runtime_source_age_seconds',
    help: 'Age of the oldest record or message that an event source is having processed; 0 when there is none.',
    labelNames,
    registers,
    collect() {
      for (const { definition, statistics } of sources.all) {
        this.set(labelsOf(definition), statistics.ageMs / 1_000);
      }
    },
  });
  new Gauge({
    name: 'florin_runtime_queue_messages',
    help: 'Messages in a queue, by state: visible, in_flight (received and not deleted) and delayed.',
    labelNames: ['queue', 'state'],
    registers,
    collect() {
      if (!queues) return;
      for (const queue of names) {
        const { visible, inFlight, delayed } = queues.queue(queue).depth;
        this.set({ queue, state: 'visible' }, visible);
        this.set({ queue, state: 'in_flight' }, inFlight);
        this.set({ queue, state: 'delayed' }, delayed);
      }
    },
  });
  new Gauge({
    name: 'florin_runtime_drained',
    help: '1 when streams are at their ends, the queues of event sources empty, and nothing is being processed.',
    registers,
    async collect() {
      this.set(Number(await sources.isDrained()));
    },
  });
}

/** The source by the queue's or the table's name, and the function that it calls. */
function labelsOf(source: EventSourceDefinition): { source: string; function: string } {
  return { source: source.kind === 'queue' ? source.queueName : source.tableName, function: source.functionName };
}
