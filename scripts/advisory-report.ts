import * as z from 'zod';

/** What is to be done about the answer of `npm audit --json`. */
export type AuditVerdict =
  | { readonly kind: 'clean' }
  | { readonly kind: 'vulnerable'; readonly packages: readonly string[] }
  /** The registry has no advisories to ask for, which is a matter of where this runs and not of the dependencies. */
  | { readonly kind: 'not served'; readonly status: number }
  /** It has, or may have, and was not reached: nothing is known, so nothing may pass. */
  | { readonly kind: 'failed'; readonly reason: string };

export type Severity = 'info' | 'low' | 'moderate' | 'high' | 'critical';

const severities = ['info', 'low', 'moderate', 'high', 'critical'] as const satisfies readonly Severity[];

const report = z.object({
  auditReportVersion: z.literal(2),
  vulnerabilities: z.record(
    z.string(),
    z.object({ name: z.string(), severity: z.enum(severities), range: z.string() }),
  ),
});

const refusal = z.object({ message: z.string(), statusCode: z.int().optional() });

/** How a registry says that it has no such endpoint. Anything else, a 500 or no answer, is a failure. */
const notServedStatuses: ReadonlySet<number> = new Set([404, 405, 501]);

/**
 * Judges what `npm audit --json` wrote to its standard output.
 *
 * @param worst what is reported from this severity on
 */
export function judgeAudit(output: string, worst: Severity): AuditVerdict {
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    return { kind: 'failed', reason: `npm audit wrote no JSON: ${output.slice(0, 200)}` };
  }
  const found = report.safeParse(answer);
  if (found.success) {
    const packages = Object.values(found.data.vulnerabilities)
      .filter(({ severity }) => severities.indexOf(severity) >= severities.indexOf(worst))
      .map(({ name, severity, range }) => `${name} ${range}: ${severity}`);
    return packages.length === 0 ? { kind: 'clean' } : { kind: 'vulnerable', packages };
  }
  const refused = refusal.safeParse(answer);
  if (!refused.success) return { kind: 'failed', reason: 'npm audit wrote a report of a form that is not known' };
  const { statusCode, message } = refused.data;
  if (statusCode !== undefined && notServedStatuses.has(statusCode)) return { kind: 'not served', status: statusCode };
  return { kind: 'failed', reason: message };
}
