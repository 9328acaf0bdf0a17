import type { AuditFinding } from '../../ledger/audit-finding.ts';
import { claimOf, claimsOf } from '../../ledger/entry-claim.ts';
import { auditHold } from '../../ledger/hold-audit.ts';
import {
  type Balance,
  balanceKey,
  balanceTitle,
  type Entry,
  type PostedTransaction,
  recordIdOfTransaction,
  type TenantId,
} from '../../ledger/index.ts';
import { auditTransaction, withoutTransaction } from '../../ledger/transaction-audit.ts';
import { balanceKeyAt, entryKeyAt } from '../items/balance-place.ts';
import type { Row } from '../items/items.ts';
import { accountKey, assetKey, type Key, recordKey } from '../items/keys.ts';
import type { Reader } from '../table/reader.ts';
import { lookAtLines } from './line-look.ts';
import { type AuditedRow, auditedRow } from './table-audit-rows.ts';

/**
 * Holds rows of the ledger to the rows they must agree with: a posted transaction to each of its entries, an entry to its
 * transaction and its balance, a balance to its last entry, its account and its asset; what waits to its place in a line.
 *
 * All that a write puts down is there from then on, so whoever has seen a row finds the others, however much is written
 * meanwhile. The others are read consistently, after the row.
 */
export async function lookAtRows(reader: Reader, rows: readonly AuditedRow[]): Promise<AuditFinding[]> {
  const found = new Map((await reader.getAll(rows.flatMap(counterparts))).map((row) => [nameOf(row as Key), row]));
  const at = (key: Key): AuditedRow | undefined => {
    const row: Row | undefined = found.get(nameOf(key));
    return row && auditedRow(row);
  };
  const ofLines = await lookAtLines(reader, rows);
  const ofRows = rows.flatMap((row): AuditFinding[] => {
    switch (row.kind) {
      case 'unreadable':
        return [{ kind: 'unreadable_row', tenant: row.tenant, subject: row.key, detail: row.reason }];
      case 'record':
        return isPosted(row) ? lookAtTransaction(row.tenant, postedOf(row), at) : [];
      case 'hold':
        return auditHold(row.tenant, row.hold);
      case 'entry':
        return lookAtEntry(row.tenant, row.entry, at);
      case 'balance':
        return lookAtBalanceRow(row.tenant, row.balance, at);
      default:
        return [];
    }
  });
  return [...ofRows, ...ofLines];
}

type At = (key: Key) => AuditedRow | undefined;
type RecordRow = Extract<AuditedRow, { kind: 'record' }>;

function nameOf({ PK, SK }: Key): string {
  return `${PK}\n${SK}`;
}

function isPosted({ result }: RecordRow): boolean {
  return result.kind === 'transaction' && result.transaction.status === 'posted';
}

function postedOf({ result }: RecordRow): PostedTransaction {
  if (result.kind !== 'transaction' || result.transaction.status !== 'posted') {
    throw new TypeError('the record is of no posted transaction');
  }
  return result.transaction;
}

/** The keys of the rows that a row must agree with. */
function counterparts(row: AuditedRow): Key[] {
  switch (row.kind) {
    case 'record':
      if (!isPosted(row)) return [];
      return claimsOf(postedOf(row)).map((claim) => entryKeyAt(row.tenant, claim, claim.createdAt, claim.sequence));
    case 'entry':
      return [transactionKey(row.tenant, row.entry), balanceKeyAt(row.tenant, row.entry)];
    case 'balance':
      return [
        ...(row.balance.sequence > 0 ? [lastEntryKey(row.tenant, row.balance)] : []),
        accountKey(row.tenant, row.balance.account),
        assetKey(row.tenant, row.balance.asset),
      ];
    default:
      return [];
  }
}

function transactionKey(tenant: TenantId, { transactionId }: Entry): Key {
  return recordKey(tenant, recordIdOfTransaction(transactionId));
}

function lastEntryKey(tenant: TenantId, balance: Balance): Key {
  return entryKeyAt(tenant, balance, balance.lastEntryAt, balance.sequence);
}

/** What cannot be read is told where it is met, and here it counts as being there. */
function lookAtTransaction(tenant: TenantId, transaction: PostedTransaction, at: At): AuditFinding[] {
  const rows = claimsOf(transaction).map((claim) => at(entryKeyAt(tenant, claim, claim.createdAt, claim.sequence)));
  if (rows.some((row) => row?.kind === 'unreadable')) return [];
  return auditTransaction(
    tenant,
    transaction,
    rows.flatMap((row) => (row?.kind === 'entry' ? [row.entry] : [])),
  );
}

function lookAtEntry(tenant: TenantId, entry: Entry, at: At): AuditFinding[] {
  const findings: AuditFinding[] = [];
  const place = balanceTitle(entry);
  const record = at(transactionKey(tenant, entry));
  if (record?.kind !== 'unreadable') {
    if (record?.kind !== 'record' || !isPosted(record)) {
      findings.push(withoutTransaction(tenant, entry.transactionId, [entry]));
    } else if (!claims(postedOf(record), entry)) {
      const subject = `${place} entry ${entry.sequence}`;
      findings.push({ kind: 'surplus_entry', tenant, subject, detail: `${entry.transactionId} did not make it` });
    }
  }
  if (!at(balanceKeyAt(tenant, entry))) {
    findings.push({ kind: 'missing_balance', tenant, subject: place, detail: `it has entry ${entry.sequence}` });
  }
  return findings;
}

function claims(transaction: PostedTransaction, entry: Entry): boolean {
  const name = balanceKey(claimOf(entry));
  return claimsOf(transaction).some((claim) => balanceKey(claim) === name && claim.sequence === entry.sequence);
}

function lookAtBalanceRow(tenant: TenantId, balance: Balance, at: At): AuditFinding[] {
  const findings: AuditFinding[] = [];
  const subject = balanceTitle(balance);
  if (balance.sequence > 0) {
    const last = at(lastEntryKey(tenant, balance));
    if (!last) {
      const detail = `it counts ${balance.sequence} entries, and the last is not there`;
      findings.push({ kind: 'wrong_balance', tenant, subject, detail });
    } else if (last.kind === 'entry' && !isHeadOf(balance, last.entry)) {
      const detail = `posted is ${balance.posted}, its last entry leaves ${last.entry.balanceAfter}, or has another hash`;
      findings.push({ kind: 'wrong_balance', tenant, subject, detail });
    }
  }
  if (!at(accountKey(tenant, balance.account))) {
    findings.push({ kind: 'missing_account', tenant, subject: balance.account, detail: `it has ${balance.asset}` });
  }
  if (!at(assetKey(tenant, balance.asset))) {
    findings.push({ kind: 'unknown_asset', tenant, subject: balance.asset, detail: `${balance.account} has some` });
  }
  return findings;
}

function isHeadOf(balance: Balance, entry: Entry): boolean {
  return entry.balanceAfter === balance.posted && entry.hash === balance.headHash;
}
