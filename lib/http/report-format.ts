/** The forms a report comes in, and what each is called in HTTP. */
export const reportFormats = ['json', 'csv', 'jsonl'] as const;
export type ReportFormat = (typeof reportFormats)[number];

const mediaTypes: Readonly<Record<string, ReportFormat>> = {
  'application/json': 'json',
  'application/*': 'json',
  '*/*': 'json',
  'text/csv': 'csv',
  'text/*': 'csv',
  'application/jsonl': 'jsonl',
  'application/x-ndjson': 'jsonl',
  'application/x-jsonlines': 'jsonl',
};

/**
 * The form asked for: the query's word counts before the header's. Of what `Accept` names the form it wants most, the
 * first where it wants several as much; JSON where it names none of ours. Source: RFC 9110, section 12.5.1.
 */
export function formatOf(asked: ReportFormat | undefined, accept: string): ReportFormat {
  if (asked) return asked;
  let best: { readonly format: ReportFormat; readonly weight: number } | undefined;
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const format = mediaTypes[type];
    const weight = weightOf(parameters);
    if (format && weight > (best?.weight ?? 0)) best = { format, weight };
  }
  return best?.format ?? 'json';
}

function weightOf(parameters: readonly string[]): number {
  const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  if (quality === undefined) return 1;
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(quality) ? Number(quality) : 0;
}
