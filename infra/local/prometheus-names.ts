import { metrics } from '../../lib/observability/metric-names.ts';
import type { MetricSample } from './emf.ts';

/** How a CloudWatch metric is kept for Prometheus. */
export interface PrometheusMetric {
  readonly kind: 'counter' | 'histogram';
  readonly name: string;
  readonly help: string;
  /** What a value is multiplied by to come in Prometheus's base units. */
  readonly factor: number;
  /** Upper bounds, for a histogram. */
  readonly buckets: readonly number[];
}

const secondsPerUnit: Readonly<Record<string, number>> = { Seconds: 1, Milliseconds: 1e-3, Microseconds: 1e-6 };
/** From what a warm read takes here to the time-out of a function. */
const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const smallCountBuckets = [1, 2, 3, 4, 5, 7, 10, 15, 20, 30];
const otherBuckets = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

/** Their unit says Count as a counter's does, but it is the single value that matters, not the sum. */
const distributions = new Set<string>([metrics.commitAttempts.name]);

const meanings = new Map<string, string>(Object.values(metrics).map(({ name, meaning }) => [name, meaning]));

/**
 * Names a metric as Prometheus's conventions have it: `Latency` in milliseconds of the namespace `Florin/dev` becomes
 * `florin_latency_seconds`. The stage is left out, since a runtime runs one.
 */
export function prometheusMetric({ namespace, name, unit }: MetricSample): PrometheusMetric {
  const base = `${snakeCase(namespace.split('/', 1)[0] ?? '')}_${snakeCase(name)}`;
  const help = meanings.get(name) ?? `${name} of the namespace ${namespace}, in ${unit}.`;
  const seconds = secondsPerUnit[unit];
  if (seconds !== undefined) {
    return { kind: 'histogram', name: `${base}_seconds`, help, factor: seconds, buckets: secondsBuckets };
  }
  if (distributions.has(name)) {
    return { kind: 'histogram', name: base, help, factor: 1, buckets: smallCountBuckets };
  }
  if (unit === 'Count') {
    return { kind: 'counter', name: `${base}_total`, help, factor: 1, buckets: [] };
  }
  const suffix = unit === 'None' ? '' : `_${snakeCase(unit)}`;
  return { kind: 'histogram', name: `${base}${suffix}`, help, factor: 1, buckets: otherBuckets };
}

/** A dimension's name as a label. Prometheus keeps `__…` and `le` for itself. */
export function labelName(dimension: string): string {
  const label = snakeCase(dimension);
  if (label.startsWith('__')) {
    return label.replace(/^_+/, '_');
  }
  return label === 'le' ? 'le_' : label;
}

/** Names once converted: the same few come with every line. Bounded, since functions choose them. */
const converted = new Map<string, string>();
const maximumConverted = 1_000;

function snakeCase(name: string): string {
  const known = converted.get(name);
  if (known !== undefined) {
    return known;
  }
  if (converted.size >= maximumConverted) converted.clear();
  const made = toSnakeCase(name);
  converted.set(name, made);
  return made;
}

/** `CommitAttempts` → `commit_attempts`; whatever Prometheus does not allow in a name becomes an underscore. */
function toSnakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9_]/g, '_')
    .replace(/^(?=[0-9])|^$/, '_');
}
