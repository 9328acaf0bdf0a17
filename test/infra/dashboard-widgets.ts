import { type NamedResource, propertyOf } from './cloudformation-template.ts';

/** A widget of a dashboard's body, as CloudWatch defines it. */
export interface Widget {
  readonly type: string;
  readonly properties: {
    readonly title?: string;
    readonly period?: number;
    readonly metrics?: readonly (readonly unknown[])[];
    readonly alarms?: readonly string[];
  };
}

/** One metric that a widget names. */
export interface ShownMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly period: number;
}

/** One search in a widget's expressions. */
export interface Search {
  readonly namespace: string;
  readonly dimensions: readonly string[];
  readonly name: string;
  readonly terms: Readonly<Record<string, string>>;
}

/** What CloudWatch takes where a metric gives no period of its own. */
const DEFAULT_PERIOD_SECONDS = 300;

/** The body of a dashboard as text, its references replaced by their names. */
export function bodyOf(dashboard: NamedResource): string {
  const body = propertyOf(dashboard, 'DashboardBody');
  if (typeof body === 'string') return body;
  const parts = (body as { 'Fn::Join': [string, readonly unknown[]] })['Fn::Join'][1];
  return parts.map((part) => (typeof part === 'string' ? part : nameOf(part))).join('');
}

function nameOf(reference: unknown): string {
  return JSON.stringify(reference).replaceAll(/[^A-Za-z]/g, '');
}

/** The widgets of a dashboard. */
export function widgetsOf(dashboard: NamedResource): Widget[] {
  return JSON.parse(bodyOf(dashboard)).widgets;
}

/** The metrics that a widget names, with those that only its expressions use. */
export function shownMetrics({ properties }: Widget): ShownMetric[] {
  return (properties.metrics ?? [])
    .filter(([namespace]) => typeof namespace === 'string')
    .map((row) => {
      const texts = row.filter((part): part is string => typeof part === 'string');
      const [namespace = '', name = '', ...pairs] = texts;
      const options = row.find((part): part is { period?: number } => typeof part === 'object') ?? {};
      return {
        namespace,
        name,
        dimensions: Object.fromEntries(
          pairs.flatMap((key, index) => (index % 2 === 0 ? [[key, pairs[index + 1] ?? '']] : [])),
        ),
        period: options.period ?? properties.period ?? DEFAULT_PERIOD_SECONDS,
      };
    });
}

/** The searches that a widget makes. */
export function searchesIn({ properties }: Widget): Search[] {
  const expressions = (properties.metrics ?? []).flatMap(([first]) => {
    const { expression } = (first ?? {}) as { expression?: string };
    return expression?.includes('SEARCH(') ? [expression] : [];
  });
  return expressions.map((expression) => {
    const [, schema, rest] = /SEARCH\('\{([^}]+)\} ([^']+)', '[^']+', \d+\)/.exec(expression) ?? [];
    if (schema === undefined || rest === undefined) throw new Error(`This is no search that we know: ${expression}`);
    const [namespace = '', ...dimensions] = schema.split(',');
    const { MetricName: name = '', ...terms } = Object.fromEntries(
      [...rest.matchAll(/(\w+)="([^"]+)"/g)].map(([, key = '', value = '']) => [key, value]),
    );
    return { namespace, dimensions, name, terms };
  });
}
