import { auditAccount } from '../../ledger/account-audit.ts';
import type { AuditFinding } from '../../ledger/audit-finding.ts';
import type { Account, AccountId, Balance, TenantId } from '../../ledger/index.ts';

/** What one partition of an account that is spread had. */
export interface PartOfAccount {
  readonly account?: Account;
  readonly balances: readonly Balance[];
  /** Whether a row of it could not be read, so that nothing can be held to what it lacks. */
  readonly hasUnreadable: boolean;
}

interface Gathered {
  readonly tenant: TenantId;
  readonly id: AccountId;
  account?: Account;
  readonly balances: Balance[];
  hasUnreadable: boolean;
}

/**
 * Gathers the partitions of accounts that are spread, which a scan brings in any order, and holds each account to all
 * its balances. It holds these in memory: there are few such accounts, and each has a hundred balances at the most.
 */
export class SpreadAccountsAudit {
  readonly #accounts = new Map<string, Gathered>();

  add(tenant: TenantId, id: AccountId, { account, balances, hasUnreadable }: PartOfAccount): void {
    const key = `${tenant} ${id}`;
    const gathered = this.#accounts.get(key) ?? { tenant, id, balances: [], hasUnreadable: false };
    if (account) gathered.account = account;
    gathered.balances.push(...balances);
    gathered.hasUnreadable ||= hasUnreadable;
    this.#accounts.set(key, gathered);
  }

  /** What does not agree, when all partitions have been added. */
  findings(): AuditFinding[] {
    return [...this.#accounts.values()].flatMap(({ tenant, id, account, balances, hasUnreadable }): AuditFinding[] => {
      if (hasUnreadable) return [];
      if (account) return auditAccount(tenant, account, balances);
      const detail = `it has ${balances.length} balances on shards, and no account that is spread`;
      return [{ kind: 'missing_account', tenant, subject: id, detail }];
    });
  }
}
