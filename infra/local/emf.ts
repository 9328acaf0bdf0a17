/** One metric of one line, with the values that the line gives it. */
export interface MetricSample {
  readonly namespace: string;
  readonly name: string;
  /** As CloudWatch names it; `None` where the line names none. */
  readonly unit: string;
  /**
   * All dimensions of all sets that the line asks for. CloudWatch stores a sum for each set; here one value with every label
   * is enough, since Prometheus adds up whatever a query leaves out.
   */
  readonly dimensions: ReadonlyMap<string, string>;
  readonly values: readonly number[];
}

/** A line that says it holds metrics but does not keep to the format; CloudWatch would drop it without a word. */
export class MalformedMetrics extends Error {
  override readonly name = 'MalformedMetrics';
}

/** CloudWatch's own bounds. */
const maximumNameLength = 255;
const maximumNamespaceLength = 1_024;
const maximumDimensionValueLength = 1_024;
const maximumDimensions = 30;
const maximumMetrics = 100;
const maximumValues = 100;

type Entry = Readonly<Record<string, unknown>>;

/**
 * Reads the metrics in a parsed line by the specification of CloudWatch's embedded metric format.
 * @returns nothing for a line that holds none.
 * @throws {MalformedMetrics} for a line that CloudWatch would not take either; none of its metrics counts then.
 */
export function readEmbeddedMetrics(entry: Entry): MetricSample[] {
  if (!Object.hasOwn(entry, '_aws')) {
    return [];
  }
  const { Timestamp: timestamp, CloudWatchMetrics: directives } = record(entry._aws, '_aws');
  demand(Number.isInteger(timestamp) && (timestamp as number) >= 0, '_aws.Timestamp is no time in milliseconds');
  return list(directives, '_aws.CloudWatchMetrics', Number.POSITIVE_INFINITY).flatMap((directive, index) =>
    readDirective(entry, directive, `_aws.CloudWatchMetrics[${index}]`),
  );
}

function readDirective(entry: Entry, value: unknown, at: string): MetricSample[] {
  const { Namespace: namespace, Dimensions: sets, Metrics: metrics } = record(value, at);
  const dimensions = new Map<string, string>();
  for (const set of list(sets, `${at}.Dimensions`, Number.POSITIVE_INFINITY)) {
    for (const key of list(set, `${at}.Dimensions`, maximumDimensions)) {
      const name = text(key, `${at}.Dimensions`, maximumNameLength);
      dimensions.set(name, text(target(entry, name), `the dimension ${name}`, maximumDimensionValueLength));
    }
  }
  const common = { namespace: text(namespace, `${at}.Namespace`, maximumNamespaceLength), dimensions };
  return list(metrics, `${at}.Metrics`, maximumMetrics).map((metric) => {
    const { Name: name, Unit: unit = 'None' } = record(metric, `${at}.Metrics`);
    const read = text(name, `${at}.Metrics`, maximumNameLength);
    return {
      ...common,
      name: read,
      unit: text(unit, `the unit of ${read}`, maximumNameLength),
      values: numbers(target(entry, read), read),
    };
  });
}

/** The root member that a name stands for. A member inherited from the prototype is none. */
function target(entry: Entry, name: string): unknown {
  return Object.hasOwn(entry, name) ? entry[name] : undefined;
}

function numbers(value: unknown, at: string): number[] {
  const values = Array.isArray(value) ? value : [value];
  demand(values.length > 0 && values.length <= maximumValues, `${at} has ${values.length} values`);
  // Text that JSON.parse has read holds no NaN, but 1e999 becomes infinite.
  demand(values.every(Number.isFinite), `${at} is no number`);
  return values;
}

function record(value: unknown, at: string): Entry {
  demand(typeof value === 'object' && value !== null && !Array.isArray(value), `${at} is no object`);
  return value as Entry;
}

function list(value: unknown, at: string, maximum: number): unknown[] {
  demand(Array.isArray(value), `${at} is no list`);
  demand((value as unknown[]).length <= maximum, `${at} has more than ${maximum} members`);
  return value as unknown[];
}

function text(value: unknown, at: string, maximumLength: number): string {
  demand(typeof value === 'string' && value.length > 0 && value.length <= maximumLength, `${at} is no proper text`);
  return value as string;
}

function demand(condition: boolean, fault: string): void {
  if (!condition) {
    throw new MalformedMetrics(fault);
  }
}
