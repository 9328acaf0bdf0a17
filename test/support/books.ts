import { createHash } from 'node:crypto';
import { auditHolds } from './hold-books.ts';
import { auditTerms } from './term-books.ts';

export { readTable } from './read-table.ts';

type Row = Record<string, unknown>;

/** What an audit saw; a finding is a sentence, and sound books have none. */
export interface Audit {
  readonly findings: readonly string[];
  readonly balances: number;
  readonly entries: number;
  readonly posted: number;
  readonly rejected: number;
}

/**
 * Audits the books naively, sharing no code with the ledger: per asset all balances sum to zero; the entries of each
 * balance are gapless, chained, in order of time, add up to it and never pass its floor unless that was allowed; every
 * posted transaction has its two entries per posting, and every entry its transaction; what was reversed of a transaction
 * is what its reversals come to, and no more than it moved; every batch has its transactions; and the holds are sound.
 */
export function audit(rows: readonly Row[]): Audit {
  const findings: string[] = [];
  const balances = rows.filter(({ SK }) => String(SK).startsWith('B#'));
  const entries = rows.filter(({ SK }) => String(SK).startsWith('E#')).map(withKeyParts);
  const records = rows.filter(({ SK }) => SK === 'RECORD');
  auditSums(balances, findings);
  const byBalance = Map.groupBy(entries, ({ PK, asset }) => `${PK} B#${asset}`);
  for (const balance of balances) {
    const name = `${balance.PK} ${balance.SK}`;
    auditBalance(name, balance, byBalance.get(name) ?? [], findings);
    byBalance.delete(name);
  }
  for (const orphan of byBalance.keys()) findings.push(`${orphan}: entries without a balance`);
  auditRecords(
    records.filter(({ status }) => status === 'posted' || status === 'rejected'),
    entries,
    findings,
  );
  auditReversals(records, entries, findings);
  auditBatches(records, findings);
  auditHolds(rows, findings);
  auditAccounts(rows, balances, findings);
  findings.push(...auditTerms(rows, entries));
  return {
    findings,
    balances: balances.length,
    entries: entries.length,
    posted: records.filter(({ status }) => status === 'posted').length,
    rejected: records.filter(({ status }) => status === 'rejected').length,
  };
}

/** What an entry's key says: its account, shard, asset, time and sequence. */
function withKeyParts(row: Row): Row {
  const [, asset, time, sequence] = String(row.SK).split('#');
  const [, , , account, , shard] = String(row.PK).split('#');
  return {
    ...row,
    account,
    shard: Number(shard ?? 0),
    asset,
    createdAt: BigInt(time ?? ''),
    sequence: BigInt(sequence ?? ''),
  };
}

function hex(bytes: unknown): string {
  return Buffer.from(bytes as Uint8Array).toString('hex');
}

function auditSums(balances: readonly Row[], findings: string[]): void {
  const sums = new Map<string, bigint>();
  for (const { PK, SK, posted } of balances) {
    const asset = `${String(PK).split('#')[1]} ${SK}`;
    sums.set(asset, (sums.get(asset) ?? 0n) + (posted as bigint));
  }
  for (const [asset, sum] of sums) if (sum !== 0n) findings.push(`${asset}: the balances sum to ${sum}`);
}

function auditBalance(name: string, balance: Row, entries: readonly Row[], findings: string[]): void {
  const ordered = [...entries].sort((a, b) => (String(a.SK) < String(b.SK) ? -1 : 1));
  const tenant = String(balance.PK).split('#')[1];
  let posted = 0n;
  let previousHash = '0'.repeat(64);
  let previousTransaction: unknown;
  let lastTransaction: unknown;
  for (const [index, entry] of ordered.entries()) {
    const where = `${name} entry ${entry.sequence}`;
    posted += entry.amount as bigint;
    if (entry.sequence !== BigInt(index + 1)) findings.push(`${where}: should be ${index + 1}`);
    if (entry.balanceAfter !== posted)
      findings.push(`${where}: says ${entry.balanceAfter} after, adds up to ${posted}`);
    if (hex(entry.previousHash) !== previousHash) findings.push(`${where}: the chain is broken`);
    if (hex(entry.hash) !== hashOf(tenant, entry)) findings.push(`${where}: is not what was hashed`);
    const isBelow = balance.floor !== undefined && (entry.amount as bigint) < 0n && posted < (balance.floor as bigint);
    if (isBelow && entry.overdraft !== true) {
      findings.push(`${where}: leaves ${posted}, below the floor ${balance.floor}`);
    }
    if (entry.transaction !== lastTransaction) previousTransaction = lastTransaction;
    if (entry.previousTransaction !== previousTransaction)
      findings.push(`${where}: names another transaction before it`);
    lastTransaction = entry.transaction;
    previousHash = hex(entry.hash);
  }
  if (balance.posted !== posted) findings.push(`${name}: has ${balance.posted}, its entries add up to ${posted}`);
  if (balance.sequence !== BigInt(ordered.length))
    findings.push(`${name}: counts ${balance.sequence} of ${ordered.length} entries`);
  if (hex(balance.headHash) !== previousHash) findings.push(`${name}: does not know the last hash`);
  if (balance.lastEntryAt !== (ordered.at(-1)?.createdAt ?? 0n)) findings.push(`${name}: does not know the last time`);
}

/** The documented form of an entry's hash, written down once more. */
function hashOf(tenant: string | undefined, entry: Row): string {
  const members: Record<string, unknown> = {
    account: entry.account,
    amount: String(entry.amount),
    asset: entry.asset,
    balanceAfter: String(entry.balanceAfter),
    createdAt: new Date(Number(entry.createdAt)).toISOString(),
    detailsDigest: hex(entry.detailsDigest),
    previousHash: hex(entry.previousHash),
    sequence: String(entry.sequence),
    shard: entry.shard,
    tenant,
    transactionId: entry.transaction,
    type: entry.type,
    v: 1,
  };
  return createHash('sha256').update(JSON.stringify(members)).digest('hex');
}

function auditRecords(records: readonly Row[], entries: readonly Row[], findings: string[]): void {
  const byTransaction = Map.groupBy(entries, ({ transaction }) => String(transaction));
  for (const record of records) {
    const id = transactionName(record);
    const own = byTransaction.get(id) ?? [];
    byTransaction.delete(id);
    const postings = record.postings as Row[];
    if (record.status === 'rejected') {
      if (own.length > 0) findings.push(`${id}: rejected, and has entries`);
      continue;
    }
    if (own.length !== 2 * postings.length)
      findings.push(`${id}: has ${own.length} entries for ${postings.length} postings`);
    if (own.some(({ createdAt }) => createdAt !== record.createdAt)) findings.push(`${id}: has more than one time`);
    const sum = own.reduce((total, { amount }) => total + (amount as bigint), 0n);
    if (sum !== 0n) findings.push(`${id}: does not balance`);
  }
  for (const id of byTransaction.keys()) findings.push(`${id}: has entries, and no record`);
}

/** Follows the links from each transaction to all its reversals. */
function auditReversals(records: readonly Row[], entries: readonly Row[], findings: string[]): void {
  const byTransaction = new Map(records.map((record) => [transactionName(record), record]));
  const linked = new Set<unknown>();
  for (const [id, record] of byTransaction) {
    const parts: Row[] = [];
    for (let next = record.lastReversal; next !== undefined; next = parts.at(-1)?.previousReversal) {
      const part = byTransaction.get(String(next));
      if (part?.status !== 'posted' || part.reverses !== id || linked.has(next)) {
        findings.push(`${id}: names ${next} as its reversal`);
        break;
      }
      linked.add(next);
      parts.push(part);
    }
    if (BigInt(parts.length) !== (record.reversals ?? 0n)) findings.push(`${id}: counts ${record.reversals} reversals`);
    const postings = (record.postings ?? []) as Row[];
    // What was asked of a transaction with fees is its first posting; the fees stay.
    const [posting, ...others] = record.feeVersion === undefined ? postings : postings.slice(0, 1);
    const moved = parts.reduce((sum, { postings: back }) => sum + ((back as Row[])[0]?.amount as bigint), 0n);
    const isWhole = others.length === 0;
    if (isWhole && moved !== (record.reversedAmount ?? 0n)) findings.push(`${id}: does not know what was reversed`);
    if (isWhole && moved > ((posting?.amount as bigint | undefined) ?? 0n)) findings.push(`${id}: ${moved} reversed`);
    if (!isWhole && parts.length > 1) findings.push(`${id}: several postings reversed ${parts.length} times`);
  }
  const reversals = new Set<unknown>();
  for (const [id, { reverses }] of byTransaction) {
    if (reverses === undefined) continue;
    reversals.add(id);
    if (!linked.has(id)) findings.push(`${id}: reverses ${reverses}, which does not know`);
  }
  for (const { transaction, overdraft, SK } of entries) {
    if (overdraft === true && !reversals.has(transaction)) findings.push(`${transaction} ${SK}: may not overdraw`);
  }
}

function auditBatches(records: readonly Row[], findings: string[]): void {
  const posted = new Map(records.filter(({ status }) => status === 'posted').map((row) => [transactionName(row), row]));
  for (const batch of records) {
    for (const member of (batch.members ?? []) as string[]) {
      const transaction = posted.get(member);
      if (!transaction) findings.push(`${transactionName(batch)}: its ${member} was not posted`);
      else if (transaction.createdAt !== batch.createdAt) findings.push(`${member}: has another time than its batch`);
    }
  }
}

function transactionName({ PK }: Row): string {
  return `tx_${String(PK).split('#').at(-1)}`;
}

function auditAccounts(rows: readonly Row[], balances: readonly Row[], findings: string[]): void {
  const accounts = new Map(rows.filter(({ SK }) => SK === 'ACCOUNT').map((row) => [row.PK, row]));
  for (const { PK, SK, status, shards = 1n } of balances) {
    const [partition = '', shard] = String(PK).split('#S#');
    const account = accounts.get(partition);
    const name = `${String(SK).slice(2)}${shard === undefined ? '' : `#${shard}`}`;
    if (!account) findings.push(`${PK}: has balances, and no account`);
    else if (!(account.balances as Set<string>).has(name)) findings.push(`${PK}: does not know its ${SK}`);
    else if ((account.shards ?? 1n) !== shards || Number(shard ?? 0) >= Number(shards))
      findings.push(`${PK} ${SK}: says ${shards} shards, its account ${account.shards}`);
    else if (account.status !== status) findings.push(`${PK} ${SK}: is ${status}, its account ${account.status}`);
  }
}
