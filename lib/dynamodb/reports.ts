import { AuditStore } from './audit/audit-store.ts';
import { AccountOwners } from './readers/account-owners.ts';
import { AccountSpread } from './readers/account-spread.ts';
import { BalanceReader } from './readers/balance-reader.ts';
import { EntryReader } from './readers/entry-reader.ts';
import { StatementReader } from './readers/statement-reader.ts';
import { TenantEntries } from './readers/tenant-entries.ts';
import { TrialBalance } from './readers/trial-balance.ts';
import { createLedgerClient } from './table/client.ts';
import { ClockSkew } from './table/clock-skew.ts';
import { Cuts } from './table/cuts.ts';
import { type Clock, systemClock } from './table/patience.ts';
import { Reader } from './table/reader.ts';

export interface ReportsOptions {
  /** The Ledger table's name. */
  readonly table: string;
  readonly clock?: Clock;
  /** Another endpoint than the SDK's own variables name. */
  readonly endpoint?: string;
}

/** What can be told of a ledger over a period or as of an instant. It only reads. */
export class Reports {
  readonly cuts: Cuts;
  readonly owners: AccountOwners;
  readonly statements: StatementReader;
  readonly entries: TenantEntries;
  readonly trialBalance: TrialBalance;
  readonly audit: Pick<AuditStore, 'state'>;

  constructor({ table, endpoint, clock = systemClock }: ReportsOptions) {
    const skew = new ClockSkew();
    const client = createLedgerClient(skew, endpoint);
    const reader = new Reader(client, table, clock);
    const spread = new AccountSpread(reader);
    const balances = new BalanceReader(reader, spread);
    const entries = new EntryReader(reader, spread);
    this.cuts = new Cuts(clock, skew);
    this.owners = new AccountOwners(reader);
    this.statements = new StatementReader(entries, balances, this.cuts);
    this.entries = new TenantEntries(reader, entries, this.cuts);
    this.trialBalance = new TrialBalance(reader, balances, this.cuts);
    this.audit = new AuditStore(client, table, reader, clock);
  }
}
