import { type MetricDefinition, type MetricId, metrics, serviceDimension } from './metric-names.ts';

/** Values of metrics, in their unit; what is absent is not written. */
export type Measured = { readonly [Id in MetricId]?: number | undefined };

/** One set of metrics with the dimensions they share. Source: CloudWatch User Guide, "Embedded metric format specification". */
interface MetricDirective {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
}

/**
 * Makes the part of a log line by which CloudWatch takes metrics out of it (the embedded metric format). The line
 * itself must carry `service` and, as texts, every dimension of the metrics measured: they are fields like any other.
 */
export class EmbeddedMetrics {
  readonly #namespace: string;
  /** Directives by the metrics they are about: there are few combinations, and each recurs in every line of its kind. */
  readonly #directives = new Map<string, readonly MetricDirective[]>();

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** @param timestamp milliseconds since 1970 */
  fields(measured: Measured, timestamp: number): Readonly<Record<string, unknown>> {
    const ids: MetricId[] = [];
    const values: Record<string, number> = {};
    for (const [id, value] of Object.entries(measured) as [MetricId, number | undefined][]) {
      if (value === undefined) continue;
      ids.push(id);
      values[metrics[id].name] = value;
    }
    if (ids.length === 0) return {};
    return { _aws: { Timestamp: timestamp, CloudWatchMetrics: this.#directivesFor(ids) }, ...values };
  }

  #directivesFor(ids: readonly MetricId[]): readonly MetricDirective[] {
    const kind = ids.join();
    const known = this.#directives.get(kind);
    if (known) return known;
    const byDimensions = new Map<string, MetricDefinition[]>();
    for (const id of ids) {
      const metric: MetricDefinition = metrics[id];
      const shared = byDimensions.get(metric.dimensions.join());
      if (shared) shared.push(metric);
      else byDimensions.set(metric.dimensions.join(), [metric]);
    }
    const directives = [...byDimensions.values()].map((shared) => ({
      Namespace: this.#namespace,
      Dimensions: [[serviceDimension, ...(shared[0] as MetricDefinition).dimensions]],
      Metrics: shared.map(({ name, unit }) => ({ Name: name, Unit: unit })),
    }));
    this.#directives.set(kind, directives);
    return directives;
  }
}
