import type { Reports } from '../../lib/dynamodb/reports.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import { timeText } from '../../lib/http/representations.ts';

export function getChecks(reports: Reports): Operation<'getChecks'> {
  return async ({ caller: { tenant } }) => {
    const state = await reports.audit.state();
    const recent = state?.walks.recent.completed;
    const rolling = state?.walks.rolling.completed;
    // What cannot be told to be anybody's is for operators, who have it from the log.
    const findings = (state?.findings ?? []).filter((finding) => finding.tenant === tenant);
    return json(200, {
      status: findings.length > 0 ? 'damaged' : recent && rolling ? 'sound' : 'unknown',
      lastRunAt: state ? timeText(state.ranAt) : null,
      verifiedTo: recent ? timeText(recent.startedAt) : null,
      reverified: rolling ? { startedAt: timeText(rolling.startedAt), endedAt: timeText(rolling.endedAt) } : null,
      findings: findings.map(({ kind, subject, detail, foundAt }) => ({
        kind,
        subject,
        detail,
        foundAt: timeText(foundAt),
      })),
      moreFindings: (state?.moreFindings ?? 0) > 0,
    });
  };
}
