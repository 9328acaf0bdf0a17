import type * as Prometheus from 'prom-client';
import { MalformedMetrics, type MetricSample, readEmbeddedMetrics } from './emf.ts';
import { Counter, Histogram, Registry } from './prometheus-client.ts';
import { labelName, type PrometheusMetric, prometheusMetric } from './prometheus-names.ts';

/** Bounds on what functions can make this process remember. */
const maximumMetrics = 200;
const maximumSeriesPerMetric = 500;

/** Why metrics of a function are not shown. */
type Rejection = 'malformed' | 'conflicting' | 'too-many';

interface Series {
  readonly definition: PrometheusMetric;
  readonly labels: readonly string[];
  readonly known: Set<string>;
  readonly add: (labels: Record<string, string>, value: number) => void;
}

/**
 * The metrics of one runtime, made of what its functions print in CloudWatch's embedded metric format. Nothing is shared with
 * another runtime in the same process, and what it holds is bounded.
 */
export class MetricRegistry {
  /** For further metrics beside the functions' own. */
  readonly registry: Prometheus.Registry = new Registry();
  readonly #metrics = new Map<string, Series>();
  readonly #rejected: Prometheus.Counter<'reason'>;
  readonly #shown = new Set<Rejection>();
  readonly #show: (line: string) => void;

  /** @param show receives a line for the first rejection of each kind; the others are only counted. */
  constructor(show: (line: string) => void) {
    this.#show = show;
    this.#rejected = new Counter({
      name: 'florin_runtime_rejected_metrics_total',
      help: 'Metrics that functions printed and that are not shown here, by reason.',
      labelNames: ['reason'],
      registers: [this.registry],
    });
  }

  /** Counts the metrics of a line that a function has printed; a line without any is none of its business. It never throws. */
  record(functionName: string, entry: Readonly<Record<string, unknown>>): void {
    try {
      for (const sample of readEmbeddedMetrics(entry)) {
        this.#add(functionName, sample);
      }
    } catch (error) {
      if (!(error instanceof MalformedMetrics)) throw error;
      this.#reject('malformed', functionName, error.message);
    }
  }

  /** The media type of `text`. */
  get contentType(): string {
    return this.registry.contentType;
  }

  /** Everything in Prometheus's text format. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  #add(functionName: string, sample: MetricSample): void {
    const definition = prometheusMetric(sample);
    const labels = Object.fromEntries([...sample.dimensions].map(([name, value]) => [labelName(name), value]));
    const series = this.#series(definition, Object.keys(labels));
    if (series === undefined) {
      this.#reject('too-many', functionName, `more than ${maximumMetrics} metrics, the first beyond: ${sample.name}`);
    } else if (
      series.definition.kind !== definition.kind ||
      series.definition.factor !== definition.factor ||
      Object.keys(labels).length !== series.labels.length ||
      !series.labels.every((label) => Object.hasOwn(labels, label))
    ) {
      this.#reject('conflicting', functionName, `${sample.name} has another unit or other dimensions than before`);
    } else if (definition.kind === 'counter' && sample.values.some((value) => value < 0)) {
      this.#reject('conflicting', functionName, `${sample.name} counts down`);
    } else if (!admit(series, labels)) {
      this.#reject('too-many', functionName, `${sample.name} has more than ${maximumSeriesPerMetric} series`);
    } else {
      for (const value of sample.values) series.add(labels, value * definition.factor);
    }
  }

  #series(definition: PrometheusMetric, labels: readonly string[]): Series | undefined {
    const { name, help } = definition;
    const existing = this.#metrics.get(name);
    if (existing || this.#metrics.size >= maximumMetrics) {
      return existing;
    }
    const common = { name, help, labelNames: [...labels], registers: [this.registry] };
    const created = { definition, labels, known: new Set<string>(), add: adder(definition, common) };
    this.#metrics.set(name, created);
    return created;
  }

  #reject(reason: Rejection, functionName: string, detail: string): void {
    this.#rejected.inc({ reason });
    if (!this.#shown.has(reason)) {
      this.#shown.add(reason);
      this.#show(
        `WARN ${functionName}: metrics are not counted (${reason}): ${detail}; more of the kind are not shown`,
      );
    }
  }
}

function adder(
  { kind, buckets }: PrometheusMetric,
  common: Pick<Prometheus.CounterConfiguration<string>, 'name' | 'help' | 'labelNames' | 'registers'>,
): (labels: Record<string, string>, value: number) => void {
  if (kind === 'counter') {
    const counter = new Counter(common);
    return (labels, value) => counter.inc(labels, value);
  }
  const histogram = new Histogram({ ...common, buckets: [...buckets] });
  return (labels, value) => histogram.observe(labels, value);
}

/** Whether the metric may have (or has) a series with these labels. */
function admit({ labels, known }: Series, values: Readonly<Record<string, string>>): boolean {
  const key = JSON.stringify(labels.map((label) => values[label]));
  if (!known.has(key)) {
    if (known.size >= maximumSeriesPerMetric) return false;
    known.add(key);
  }
  return true;
}
