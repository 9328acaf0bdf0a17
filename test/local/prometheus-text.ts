/** A series of a page in Prometheus's text format. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const sampleFormat = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|\+Inf|-Inf|NaN)$/;
const labelFormat = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

/**
 * Reads such a page strictly, by the description of the exposition format at prometheus.io: every metric is declared once before its
 * series, no series comes twice, and there is nothing else.
 * @throws Error for the first line that does not keep to it.
 */
export function readPrometheusText(page: string): Series[] {
  const types = new Map<string, string>();
  const seen = new Set<string>();
  const series: Series[] = [];
  if (!page.endsWith('\n')) throw new Error('The last line has no end.');
  for (const line of page.split('\n').filter(Boolean)) {
    const [, name, type] = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line) ?? [];
    if (name && type) {
      if (types.has(name)) throw new Error(`${name} is declared twice.`);
      types.set(name, type);
    } else if (!/^# HELP \S+ ./.test(line)) {
      const sample = readSample(line);
      const base = types.has(sample.name) ? sample.name : sample.name.replace(/_(bucket|sum|count)$/, '');
      if (!types.has(base)) throw new Error(`${sample.name} is not declared.`);
      if (types.get(base) === 'counter' && sample.value < 0) throw new Error(`${sample.name} is negative.`);
      const id = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
      if (seen.has(id)) throw new Error(`${id} comes twice.`);
      seen.add(id);
      series.push(sample);
    }
  }
  return series;
}

function readSample(line: string): Series {
  const [, name, list = '', value] = sampleFormat.exec(line) ?? [];
  if (!name || value === undefined) throw new Error(`This is no sample: ${line}`);
  const labels: Record<string, string> = {};
  labelFormat.lastIndex = 0;
  for (let at = 0; at < list.length; at = labelFormat.lastIndex) {
    const [, label, text] = labelFormat.exec(list) ?? [];
    if (!label || text === undefined || label in labels) throw new Error(`These are no labels: ${list}`);
    labels[label] = text.replace(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped));
  }
  return { name, labels, value: value.endsWith('Inf') ? Number(`${value.slice(0, 1)}Infinity`) : Number(value) };
}

/** The value of the one series of that name with these labels, among others; undefined if there is none. */
export function seriesValue(
  series: readonly Series[],
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const matching = series.filter(
    (each) => each.name === name && Object.entries(labels).every(([label, value]) => each.labels[label] === value),
  );
  if (matching.length > 1) throw new Error(`There are ${matching.length} such series of ${name}.`);
  return matching[0]?.value;
}
