import {
  type Acceptance,
  type Account,
  type Asset,
  type AssetCode,
  type Balance,
  type BalancePlace,
  blockHash,
  changeRecordIdOf,
  type Entry,
  type Hold,
  InvariantViolation,
  type KeyResult,
  type TenantId,
} from '../../ledger/index.ts';
import type { Reversed } from '../../ledger/reversal-audit.ts';
import { parseChange } from '../items/change-record-item.ts';
import { parseFeeHead, parseFeeVersion } from '../items/fee-item.ts';
import { parseHold } from '../items/hold-item.ts';
import { parseAccount, parseAsset, parseBalance, parseEntry, type Row } from '../items/items.ts';
import { parseBlock } from '../items/journal-item.ts';
import {
  accountSortKey,
  assetPrefix,
  balancePrefix,
  changeSortKey,
  feeHeadSortKey,
  feeVersionPrefix,
  holdSortKey,
  parseBalancePartition,
  placePrefix,
} from '../items/keys.ts';
import { type Place, parsePlace } from '../items/line-item.ts';
import { parseRecord } from '../items/record-item.ts';

/** A row of the Ledger table as an audit takes it: parsed, or told why it cannot be. */
export type AuditedRow =
  | { readonly kind: 'asset'; readonly tenant: TenantId; readonly asset: Asset }
  | { readonly kind: 'account'; readonly tenant: TenantId; readonly account: Account }
  | { readonly kind: 'balance'; readonly tenant: TenantId; readonly balance: Balance }
  | { readonly kind: 'entry'; readonly tenant: TenantId; readonly entry: Entry }
  | {
      readonly kind: 'record';
      readonly tenant: TenantId;
      readonly result: KeyResult;
      readonly reversed?: Reversed;
      readonly accepted?: Acceptance;
    }
  | { readonly kind: 'place'; readonly tenant: TenantId; readonly place: Place }
  | { readonly kind: 'hold'; readonly tenant: TenantId; readonly hold: Hold }
  | { readonly kind: 'change'; readonly tenant: TenantId }
  | { readonly kind: 'block'; readonly tenant: TenantId }
  | { readonly kind: 'unreadable'; readonly tenant: TenantId; readonly key: string; readonly reason: string }
  /** A row of a kind that this version does not know. */
  | { readonly kind: 'unknown' };

/** What a row's partition key says: its tenant, and whose the rest is. */
interface Partition {
  readonly tenant: TenantId;
  readonly of?: 'A' | 'X' | 'H' | 'C' | 'L' | 'J';
  readonly id?: string;
  /** Whether it is that of a shard above 0: it has a balance and its entries, and no account. */
  readonly isShard?: boolean;
}

function partitionOf(row: Row): Partition | undefined {
  const [, journal] = /^T#([^#]+)#J$/.exec(String(row.PK)) ?? [];
  if (journal !== undefined) return { tenant: journal as TenantId, of: 'J' };
  const match = /^T#([^#]+)(?:#([AXHCL])#([^#]+?)(#S#[1-9]\d*)?)?$/.exec(String(row.PK));
  if (!match) return undefined;
  const [, tenant, of, id, shard] = match;
  if (shard !== undefined && of !== 'A') return undefined;
  return {
    tenant: tenant as TenantId,
    ...(of !== undefined && id !== undefined && { of: of as 'A' | 'X' | 'H' | 'C' | 'L', id }),
    ...(shard !== undefined && { isShard: true }),
  };
}

/** The balance of a row that stands among an account's entries, read from its key alone. */
export function entryPlace(row: Row): BalancePlace | undefined {
  const partition = partitionOf(row);
  const [mark, asset] = String(row.SK).split('#');
  if (partition?.of !== 'A' || mark !== 'E' || asset === undefined) return undefined;
  return { ...parseBalancePartition(String(row.PK)), asset: asset as AssetCode };
}

/** Reads a row by its key's kind; never throws for what is in it. */
export function auditedRow(row: Row): AuditedRow {
  const partition = partitionOf(row);
  if (!partition) return { kind: 'unknown' };
  try {
    return parse(partition, row);
  } catch (error) {
    if (!(error instanceof InvariantViolation)) throw error;
    return { kind: 'unreadable', tenant: partition.tenant, key: `${row.PK} ${row.SK}`, reason: error.message };
  }
}

function parse({ tenant, of, id, isShard }: Partition, row: Row): AuditedRow {
  const sortKey = String(row.SK);
  if (of === undefined && sortKey.startsWith(assetPrefix)) {
    const asset = parseAsset(row);
    requireKey(asset.code === sortKey.slice(assetPrefix.length), 'the asset has another code than its key');
    return { kind: 'asset', tenant, asset };
  }
  if (of === 'X' && sortKey === 'RECORD') {
    const { result, reversed, accepted } = parseRecord(row);
    return { kind: 'record', tenant, result, ...(reversed && { reversed }), ...(accepted && { accepted }) };
  }
  if (of === 'L' && sortKey.startsWith(placePrefix)) {
    requireKey(/^P#\d{13}#[^#]+$/.test(sortKey), 'the key of a place in a line has another form');
    return { kind: 'place', tenant, place: parsePlace(row) };
  }
  if (of === 'H' && sortKey === holdSortKey) return { kind: 'hold', tenant, hold: parseHold(row) };
  if (of === 'C' && sortKey === changeSortKey) {
    const { change } = parseChange(row);
    const { subject, number } = change;
    requireKey(
      id === changeRecordIdOf(tenant, subject, number),
      'the change has another id than its subject and number',
    );
    return { kind: 'change', tenant };
  }
  if (of === 'J') {
    const block = parseBlock(row);
    requireKey(block.hash === blockHash(tenant, block), 'the block has another hash than what it holds');
    return { kind: 'block', tenant };
  }
  // Nothing in the books must agree with them, but commits read them: they must be readable.
  if (of === undefined && sortKey === feeHeadSortKey) parseFeeHead(row);
  if (of === undefined && sortKey.startsWith(feeVersionPrefix)) parseFeeVersion(row);
  if (of !== 'A') return { kind: 'unknown' };
  if (sortKey === accountSortKey) {
    const account = parseAccount(row);
    requireKey(account.id === id && !isShard, 'the account has another name than its key');
    return { kind: 'account', tenant, account };
  }
  if (sortKey.startsWith(balancePrefix)) return { kind: 'balance', tenant, balance: parseBalance(row) };
  if (!sortKey.startsWith('E#')) return { kind: 'unknown' };
  requireKey(/^E#[^#]+#\d{13}#\d{12}$/.test(sortKey), 'the key of an entry has another form');
  return { kind: 'entry', tenant, entry: parseEntry(row) };
}

function requireKey(holds: boolean, reason: string): void {
  if (!holds) throw new InvariantViolation(reason);
}
