import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { AssetAudit } from '../../ledger/asset-audit.ts';
import type { AuditFinding } from '../../ledger/audit-finding.ts';
import {
  auditHold,
  claimOfBalance,
  claimsOfCapture,
  claimsOfDeed,
  claimsOfHold,
  HoldAudit,
  type HoldClaim,
  HoldTally,
} from '../../ledger/hold-audit.ts';
import type { TenantId } from '../../ledger/index.ts';
import { claimOfPlace, claimOfWaiting } from '../../ledger/line-audit.ts';
import { auditReversed, claimsOfReversals } from '../../ledger/reversal-audit.ts';
import { TransactionAudit, TransactionTally } from '../../ledger/transaction-audit.ts';
import type { Row } from '../items/items.ts';
import { parseBalancePartition } from '../items/keys.ts';
import { AccountPartitionAudit } from './table-audit-partition.ts';
import { type AuditedRow, auditedRow, entryPlace } from './table-audit-rows.ts';
import { scanSegment } from './table-audit-scan.ts';
import { SpreadAccountsAudit } from './table-audit-spread.ts';

/** Segments scanned at once. One process verifies about as fast as four of them deliver. */
const defaultSegments = 4;

/** Findings that are kept; beyond them damage is only counted. */
const maxFindings = 1_000;

/** Buckets of transactions that are looked into by name, so that a wrecked table does not fill the memory. */
const maxBucketsNamed = 256;

export interface TableAuditOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly segments?: number;
  /** Told after each page how many rows have been read, both walks together. */
  readonly onProgress?: (rowsRead: number) => void;
}

/** What an audit of a whole table saw. Sound books have no findings. */
export interface TableAudit {
  readonly findings: readonly AuditFinding[];
  /** Damage found beyond what `findings` keeps. */
  readonly moreFindings: number;
  /** Shares of the transactions (of 4,096) known to be damaged, but not looked into by name. */
  readonly bucketsNotNamed: number;
  readonly rows: Readonly<Record<AuditedRow['kind'], number>>;
  readonly posted: number;
  readonly rejected: number;
  /** The time of the newest transaction, in milliseconds since 1970; 0 without one. */
  readonly newestAt: number;
}

/**
 * Audits every row of a Ledger table: sums, histories, hash chains, balances, accounts, and that each transaction has just
 * its entries. It scans the table once, and a second time only to name the transactions that do not agree with
 * their entries; memory does not grow with the table, save by the
 * balances of accounts that are spread.
 *
 * The table must be at rest, as a restored one is: a scan is no snapshot, and of a table that is written to it reports
 * damage that is none.
 *
 * @throws whatever the client throws, and Error when the table was seen to change
 */
export async function auditTable(options: TableAuditOptions): Promise<TableAudit> {
  const walk = new FirstWalk();
  let rowsRead = 0;
  const eachRow = async (visit: (row: Row, segment: number) => void) => {
    await scanAll(options, (rows, segment) => {
      for (const row of rows) visit(row, segment);
      rowsRead += rows.length;
      options.onProgress?.(rowsRead);
    });
  };
  await eachRow((row, segment) => walk.visit(row, segment));
  const open = walk.finish();
  if (open.transactions.length + open.holds.length > 0) {
    const transactions = new TransactionAudit(open.transactions.slice(0, maxBucketsNamed));
    const holds = new HoldAudit(open.holds);
    await eachRow((row) => {
      const audited = auditedRow(row);
      nameTransactions(transactions, audited);
      for (const claim of holdClaimsOf(audited)) holds.add(claim);
    });
    const named = [...transactions.findings(), ...holds.findings()];
    if (named.length === 0) throw new Error(`${options.table} changed while it was audited; audit a table at rest`);
    walk.add(named);
  }
  return walk.audit(Math.max(0, open.transactions.length - maxBucketsNamed));
}

async function scanAll(
  { client, table, segments = defaultSegments }: TableAuditOptions,
  take: (rows: readonly Row[], segment: number) => void,
): Promise<void> {
  const scan = async (segment: number) => {
    for await (const rows of scanSegment(client, { table, segment, segments })) take(rows, segment);
  };
  await Promise.all(Array.from({ length: segments }, (_, segment) => scan(segment)));
}

function nameTransactions(transactions: TransactionAudit, row: AuditedRow): void {
  if (row.kind === 'entry') transactions.addEntry(row.tenant, row.entry);
  if (row.kind === 'record' && row.result.kind === 'transaction' && row.result.transaction.status === 'posted') {
    transactions.addTransaction(row.tenant, row.result.transaction);
  }
}

/** What a row says of amounts that were reserved, captured or reversed, and of what waits in a line. */
function holdClaimsOf(row: AuditedRow): HoldClaim[] {
  if (row.kind === 'hold') return claimsOfHold(row.tenant, row.hold);
  if (row.kind === 'balance') return [claimOfBalance(row.tenant, row.balance)];
  if (row.kind === 'place') return [claimOfPlace(row.tenant, row.place)];
  if (row.kind !== 'record') return [];
  if (row.result.kind === 'pending') return [claimOfWaiting(row.tenant, row.result.pending.id, row.accepted)];
  if (row.result.kind === 'hold') return claimsOfDeed(row.tenant, row.result.hold);
  if (row.result.kind !== 'transaction') return [];
  const { transaction } = row.result;
  if (transaction.status !== 'posted') return [];
  return [...claimsOfCapture(row.tenant, transaction), ...claimsOfReversals(row.tenant, transaction, row.reversed)];
}

/** An account's partition while its rows come. */
interface OpenPartition {
  readonly key: unknown;
  readonly audit?: AccountPartitionAudit;
}

class FirstWalk {
  readonly #findings: AuditFinding[] = [];
  #moreFindings = 0;
  readonly #assets = new AssetAudit();
  readonly #spread = new SpreadAccountsAudit();
  readonly #tally = new TransactionTally();
  readonly #holds = new HoldTally();
  readonly #open = new Map<number, OpenPartition>();
  readonly #rows = {
    asset: 0,
    account: 0,
    balance: 0,
    entry: 0,
    record: 0,
    hold: 0,
    change: 0,
    block: 0,
    unreadable: 0,
    place: 0,
    unknown: 0,
  };
  #posted = 0;
  #rejected = 0;
  #newestAt = 0;

  visit(row: Row, segment: number): void {
    const audited = auditedRow(row);
    this.#rows[audited.kind]++;
    for (const claim of holdClaimsOf(audited)) this.#holds.add(claim);
    const partition = this.#partition(row, segment);
    switch (audited.kind) {
      case 'asset':
        this.#assets.addAsset(audited.tenant, audited.asset.code);
        break;
      case 'account':
        partition?.addAccount(audited.account);
        break;
      case 'balance':
        this.#assets.addBalance(audited.tenant, audited.balance);
        partition?.addBalance(audited.balance);
        break;
      case 'entry':
        this.#tally.addEntry(audited.tenant, audited.entry);
        this.add(partition?.addEntry(audited.entry) ?? []);
        break;
      case 'record':
        this.#addTransaction(audited);
        break;
      case 'hold':
        this.add(auditHold(audited.tenant, audited.hold));
        break;
      case 'unreadable':
        this.add([{ kind: 'unreadable_row', tenant: audited.tenant, subject: audited.key, detail: audited.reason }]);
        this.add(partition?.skip(entryPlace(row)?.asset) ?? []);
        break;
    }
  }

  #addTransaction({ tenant, result, reversed }: Extract<AuditedRow, { kind: 'record' }>): void {
    if (result.kind !== 'transaction') return;
    const { transaction } = result;
    this.#newestAt = Math.max(this.#newestAt, transaction.createdAt);
    if (transaction.status === 'failed') return;
    if (transaction.status === 'rejected') {
      this.#rejected++;
      return;
    }
    this.#posted++;
    this.#tally.addTransaction(tenant, transaction);
    this.add(auditReversed(tenant, transaction, reversed));
  }

  /** The account's partition that the row belongs to; the one before it in the segment is over. */
  #partition(row: Row, segment: number): AccountPartitionAudit | undefined {
    const open = this.#open.get(segment);
    if (open?.key === row.PK) return open?.audit;
    this.add(open?.audit?.close() ?? []);
    const partition = String(row.PK);
    const [, tenant, of] = partition.split('#');
    const audit =
      of === 'A'
        ? new AccountPartitionAudit(tenant as TenantId, parseBalancePartition(partition), this.#spread)
        : undefined;
    this.#open.set(segment, { key: row.PK, ...(audit && { audit }) });
    return audit;
  }

  add(findings: readonly AuditFinding[]): void {
    const room = Math.max(0, maxFindings - this.#findings.length);
    this.#findings.push(...findings.slice(0, room));
    this.#moreFindings += Math.max(0, findings.length - room);
  }

  /** Ends the walk; returns the buckets of transactions that do not agree with their entries, and of holds that do not with balances and captures. */
  finish(): { readonly transactions: number[]; readonly holds: number[] } {
    for (const { audit } of this.#open.values()) this.add(audit?.close() ?? []);
    this.add(this.#spread.findings());
    this.add(this.#assets.findings());
    return { transactions: this.#tally.openBuckets(), holds: this.#holds.openBuckets() };
  }

  audit(bucketsNotNamed: number): TableAudit {
    return {
      findings: this.#findings,
      moreFindings: this.#moreFindings,
      bucketsNotNamed,
      rows: this.#rows,
      posted: this.#posted,
      rejected: this.#rejected,
      newestAt: this.#newestAt,
    };
  }
}
