import type { AuditFinding } from '../../ledger/audit-finding.ts';
import { type AuditedHead, BalanceAudit } from '../../ledger/balance-audit.ts';
import { type Balance, balanceTitle, type TenantId } from '../../ledger/index.ts';
import { balanceKeyAt, entriesBehind } from '../items/balance-place.ts';
import { parseBalance } from '../items/items.ts';
import type { Reader } from '../table/reader.ts';
import { auditedRow } from './table-audit-rows.ts';

/** Entries read at a time: less than DynamoDB returns in one page, whatever is in them. */
const entriesPerPage = 500;

/** What a look at one balance came to. */
export interface BalanceLook {
  /** The last entry that was verified. */
  readonly head: AuditedHead;
  readonly findings: readonly AuditFinding[];
  readonly entries: number;
  /** False when the look was broken off before the balance itself was held to its last entry. */
  readonly isComplete: boolean;
}

/**
 * Verifies the entries of a balance behind a known one, and the balance itself, while it may be written to.
 *
 * A transaction writes a balance with its entries at once. So whoever reads the balance first and the entries after it,
 * both consistently, must find every entry that the balance counts: what is missing is missing. Entries beyond are of
 * transactions that came since, and are left to the next look, once the balance has been seen to count them too.
 *
 * @param from must have been read before `balance` was
 * @param limit of entries; the look is broken off at the end of the page that passes it
 */
export async function lookAtBalance(
  reader: Reader,
  tenant: TenantId,
  balance: Balance,
  from: AuditedHead,
  limit: number,
): Promise<BalanceLook> {
  const audit = new BalanceAudit(tenant, balance, from);
  const findings: AuditFinding[] = [];
  let entries = 0;
  let start: Record<string, unknown> | undefined;
  let isBeyond = false;
  while (audit.head.sequence < balance.sequence && !isBeyond) {
    if (entries >= limit) return { head: audit.head, findings, entries, isComplete: false };
    const { rows, lastKey } = await reader.query({
      ...entriesBehind(tenant, balance, from),
      Limit: entriesPerPage,
      ...(start && { ExclusiveStartKey: start }),
    });
    for (const row of rows) {
      const audited = auditedRow(row);
      if (audited.kind === 'unreadable') {
        findings.push({ kind: 'unreadable_row', tenant, subject: audited.key, detail: audited.reason });
        audit.skip();
      }
      if (audited.kind !== 'entry') continue;
      if (audited.entry.sequence > balance.sequence) {
        findings.push(...(await lookBeyond(reader, tenant, balance, audited.entry.sequence)));
        isBeyond = true;
        break;
      }
      findings.push(...audit.add(audited.entry));
      entries++;
    }
    start = lastKey;
    if (!start) break;
  }
  findings.push(...audit.close(balance));
  return { head: audit.head, findings, entries, isComplete: true };
}

/** An entry beyond what the balance counted came since, and then the balance counts it now. */
async function lookBeyond(
  reader: Reader,
  tenant: TenantId,
  balance: Balance,
  sequence: number,
): Promise<AuditFinding[]> {
  const row = await reader.get(balanceKeyAt(tenant, balance));
  if (row && parseBalance(row).sequence >= sequence) return [];
  const subject = balanceTitle(balance);
  return [{ kind: 'wrong_balance', tenant, subject, detail: `its entries go on to ${sequence}` }];
}
