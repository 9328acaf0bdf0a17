import { type Account, floorOf, type TenantId } from './account.ts';
import type { AuditFinding } from './audit-finding.ts';
import { type Balance, balanceName, balanceTitle } from './balance.ts';
import { isSameLimit } from './velocity.ts';

/** Holds the balances of one account to the account: that it names just these, and that their copies of it are true. */
export function auditAccount(tenant: TenantId, account: Account, balances: readonly Balance[]): AuditFinding[] {
  const findings: AuditFinding[] = [];
  const existing = new Set(balances.map(({ asset, shard }) => balanceName(asset, shard)));
  const unnamed = [...existing].filter((name) => !account.balances.has(name));
  const absent = [...account.balances].filter((name) => !existing.has(name));
  if (unnamed.length + absent.length > 0) {
    const parts = [unnamed.length > 0 && `has ${unnamed}`, absent.length > 0 && `names ${absent}`];
    const detail = parts.filter((part) => part !== false).join('; ');
    findings.push({ kind: 'wrong_balance_set', tenant, subject: account.id, detail });
  }
  for (const balance of balances) {
    const { asset, status, floor, freezes, limits, shard, shards } = balance;
    const subject = balanceTitle(balance);
    if (status !== account.status) {
      const detail = `it is ${status}, the account ${account.status}`;
      findings.push({ kind: 'wrong_copy', tenant, subject, detail });
    }
    if (freezes !== account.freezes) {
      const detail = `it freezes ${freezes ?? 'debits'}, the account ${account.freezes ?? 'debits'}`;
      findings.push({ kind: 'wrong_copy', tenant, subject, detail });
    }
    if (!isSameLimit(limits, account.limits?.get(asset))) {
      findings.push({ kind: 'wrong_copy', tenant, subject, detail: "its limits of debits are not the account's" });
    }
    if (shards !== account.shards || shard >= account.shards) {
      const detail = `it is shard ${shard} of ${shards}, the account has ${account.shards}`;
      findings.push({ kind: 'wrong_copy', tenant, subject, detail });
    }
    const due = floorOf(account, asset);
    if (floor !== due) {
      findings.push({ kind: 'wrong_copy', tenant, subject, detail: `its floor is ${floor}, the account's ${due}` });
    }
  }
  return findings;
}
