import { damageKinds } from '../../lib/ledger/audit-finding.ts';
import type { Rehearsal } from './rehearse.ts';

/** Findings printed; the counts by kind cover all. */
const maxPrinted = 50;

/** What a rehearsal came to, as text for a terminal. */
export function reportOf(rehearsal: Rehearsal): string {
  const { audit, way, source, restoredTo, restoreMs, auditMs } = rehearsal;
  const { rows } = audit;
  const lines = [
    '',
    `${source} ${way}${restoredTo ? ` to ${restoredTo.toISOString()}` : ''} in ${(restoreMs / 1_000).toFixed(1)} s, audited in ${(auditMs / 1_000).toFixed(1)} s`,
    `${rows.account} accounts, ${rows.balance} balances, ${rows.entry} entries, ${audit.posted} transactions posted, ${audit.rejected} declined`,
    `newest transaction: ${audit.newestAt === 0 ? 'none' : new Date(audit.newestAt).toISOString()}`,
  ];
  if (rows.unknown > 0) lines.push(`${rows.unknown} rows of kinds this version does not know; they were not audited`);
  return [...lines, '', ...findingLines(rehearsal)].join('\n');
}

function findingLines({ audit }: Rehearsal): string[] {
  const { findings, moreFindings, bucketsNotNamed } = audit;
  if (findings.length === 0) return ['The books are sound: nothing was found.'];
  const lines = [`DAMAGE: ${findings.length + moreFindings} findings.`];
  for (const [kind, list] of Map.groupBy(findings, ({ kind }) => kind)) {
    lines.push(`  ${String(list.length).padStart(6)}  ${kind}: ${damageKinds[kind]}`);
  }
  lines.push('');
  for (const { kind, tenant, subject, detail } of findings.slice(0, maxPrinted)) {
    lines.push(`  ${kind}  ${tenant ?? ''}  ${subject}: ${detail}`);
  }
  if (findings.length > maxPrinted) lines.push(`  … and ${findings.length - maxPrinted} more`);
  if (moreFindings > 0) lines.push(`  … and ${moreFindings} that were only counted`);
  if (bucketsNotNamed > 0)
    lines.push(`  … and in ${bucketsNotNamed} of 4,096 shares of the transactions that were not named`);
  lines.push('', 'What to do: docs/backup-and-restore.md#when-the-audit-finds-damage');
  return lines;
}
