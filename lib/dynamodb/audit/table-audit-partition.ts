import { auditAccount } from '../../ledger/account-audit.ts';
import type { AuditFinding } from '../../ledger/audit-finding.ts';
import { BalanceAudit } from '../../ledger/balance-audit.ts';
import type { Account, AssetCode, Balance, BalancePlace, Entry, TenantId } from '../../ledger/index.ts';
import type { SpreadAccountsAudit } from './table-audit-spread.ts';

/**
 * Audits the rows of one partition of an account in the order of their sort keys: the account, its balances, then the
 * entries of one asset after the other. It holds the account, its balances and one entry. What the account says of its
 * balances is left to the audit of spread accounts where they lie in several partitions.
 */
export class AccountPartitionAudit {
  readonly #tenant: TenantId;
  readonly #place: Omit<BalancePlace, 'asset'>;
  readonly #spread: SpreadAccountsAudit;
  readonly #balances = new Map<AssetCode, Balance>();
  /** Balances whose row cannot be read: they exist, and nothing can be held to them. */
  #hasUnreadable = false;
  #account: Account | undefined;
  #history: { readonly asset: AssetCode; readonly audit: BalanceAudit } | undefined;
  readonly #closed = new Set<AssetCode>();

  constructor(tenant: TenantId, place: Omit<BalancePlace, 'asset'>, spread: SpreadAccountsAudit) {
    this.#tenant = tenant;
    this.#place = place;
    this.#spread = spread;
  }

  addAccount(account: Account): void {
    this.#account = account;
  }

  addBalance(balance: Balance): void {
    this.#balances.set(balance.asset, balance);
  }

  /** Holds the next entry to the one before it; with the first of another asset, the balance of the last is closed. */
  addEntry(entry: Entry): AuditFinding[] {
    const closing = this.#turnTo(entry.asset);
    return [...closing, ...(this.#history?.audit.add(entry) ?? [])];
  }

  /** Notes an entry, or with no asset an account or balance, that cannot be read. */
  skip(asset?: AssetCode): AuditFinding[] {
    if (asset === undefined) {
      this.#hasUnreadable = true;
      return [];
    }
    const closing = this.#turnTo(asset);
    this.#history?.audit.skip();
    return closing;
  }

  #turnTo(asset: AssetCode): AuditFinding[] {
    if (this.#history?.asset === asset) return [];
    const findings = this.#closeHistory();
    this.#history = { asset, audit: new BalanceAudit(this.#tenant, { ...this.#place, asset }) };
    return findings;
  }

  #closeHistory(): AuditFinding[] {
    if (!this.#history) return [];
    const { asset, audit } = this.#history;
    this.#closed.add(asset);
    const balance = this.#balances.get(asset);
    return balance === undefined && this.#hasUnreadable ? [] : audit.close(balance);
  }

  /** What is left to find when the partition is over: balances without entries, and what the account says of them. */
  close(): AuditFinding[] {
    const findings = this.#closeHistory();
    const balances = [...this.#balances.values()];
    for (const balance of balances) {
      if (!this.#closed.has(balance.asset)) findings.push(...new BalanceAudit(this.#tenant, balance).close(balance));
    }
    const { account: id, shard } = this.#place;
    if (shard > 0 || (this.#account && this.#account.shards > 1)) {
      this.#spread.add(this.#tenant, id, {
        ...(this.#account && { account: this.#account }),
        balances,
        hasUnreadable: this.#hasUnreadable,
      });
      return findings;
    }
    if (this.#hasUnreadable) return findings;
    if (this.#account) return [...findings, ...auditAccount(this.#tenant, this.#account, balances)];
    const detail = `it has ${balances.length} balances`;
    return [...findings, { kind: 'missing_account', tenant: this.#tenant, subject: id, detail }];
  }
}
