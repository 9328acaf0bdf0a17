import * as z from 'zod';

/**
 * The embedded metric format, as CloudWatch takes metrics out of log lines by it. Source: CloudWatch User Guide,
 * "Specification: Embedded metric format" with its JSON schema, and the limits of dimensions and values it names.
 */
const units = [
  ...['Seconds', 'Microseconds', 'Milliseconds', 'Percent', 'Count', 'Count/Second', 'None'],
  ...['', 'Kilo', 'Mega', 'Giga', 'Tera'].flatMap((scale) =>
    ['bytes', 'bits'].flatMap((unit) => {
      const name = scale === '' ? unit[0]?.toUpperCase() + unit.slice(1) : scale + unit;
      return [name, `${name}/Second`];
    }),
  ),
];

const metric = z.strictObject({
  Name: z.string().min(1).max(1_024),
  Unit: z.enum(units).optional(),
  StorageResolution: z.union([z.literal(1), z.literal(60)]).optional(),
});

const directive = z.strictObject({
  Namespace: z.string().regex(/^[\w.\-/#: ]{1,1024}$/),
  Dimensions: z.array(z.array(z.string().min(1).max(250)).max(30)).min(1),
  Metrics: z.array(metric).min(1).max(100),
});

const hour = 3_600_000;

const envelope = z.looseObject({
  _aws: z.looseObject({
    Timestamp: z
      .int()
      .refine((time) => time > Date.now() - 14 * 24 * hour && time < Date.now() + 2 * hour, 'outside of two weeks'),
    CloudWatchMetrics: z.array(directive).min(1),
  }),
});

const dimensionValue = z.string().min(1).max(1_024);
const metricValue = z.union([z.number(), z.array(z.number()).min(1).max(100)]);

/** A line of the embedded metric format: every dimension and metric it names is there, in the form it must have. */
export const emfLine = envelope.superRefine((line, context) => {
  const names = new Set<string>();
  for (const { Dimensions, Metrics } of line._aws.CloudWatchMetrics) {
    for (const dimension of Dimensions.flat()) expectField(dimensionValue, line, dimension, context);
    for (const { Name } of Metrics) {
      expectField(metricValue, line, Name, context);
      if (names.has(Name)) context.addIssue({ code: 'custom', path: [Name], message: 'named by two directives' });
      names.add(Name);
    }
  }
});

function expectField(schema: z.ZodType, line: object, name: string, context: z.core.$RefinementCtx): void {
  const { success } = schema.safeParse((line as Record<string, unknown>)[name]);
  if (!success) context.addIssue({ code: 'custom', path: [name], message: 'missing, or of another form' });
}

export type EmfLine = z.output<typeof emfLine>;

/** One value of one metric as CloudWatch would record it. */
export interface Datum {
  readonly name: string;
  readonly unit: string | undefined;
  readonly dimensions: Readonly<Record<string, unknown>>;
  readonly value: unknown;
}

/** What CloudWatch takes out of a line, which must be one of the format. */
export function metricsIn(line: unknown): Datum[] {
  const parsed = emfLine.parse(line);
  return parsed._aws.CloudWatchMetrics.flatMap(({ Dimensions, Metrics }) =>
    Dimensions.flatMap((names) =>
      Metrics.map(({ Name, Unit }) => ({
        name: Name,
        unit: Unit,
        dimensions: Object.fromEntries(names.map((name) => [name, parsed[name]])),
        value: parsed[Name],
      })),
    ),
  );
}
