import type * as z from 'zod';
import type { BalanceAt } from '../dynamodb/index.ts';
import {
  type Account,
  type AccountId,
  type Asset,
  availableOf,
  type BalanceTotal,
  type DebitLimits,
  debitWindows,
  type Entry,
  feesOf,
  formatAmount,
  type Hold,
  type HoldId,
  type Metadata,
  type PostedTransaction,
  type Posting,
  type RecordedEntry,
  type RejectedTransaction,
  type ReversalState,
  type TransactionId,
} from '../ledger/index.ts';
import type {
  accountAnswer,
  assetAnswer,
  balanceAnswer,
  balanceAtAnswer,
  entryAnswer,
  holdAnswer,
  postedTransaction,
  previewAnswer,
  rejectedTransaction,
  transactionSince,
} from './answers.ts';
import { feeTexts } from './fee-representations.ts';

/** How the ledger's things look on the wire: amounts and counters as strings, times as RFC 3339 UTC with milliseconds. */

export function timeText(time: number): string {
  return new Date(time).toISOString();
}

export function assetOf({ code, scale, name, createdAt }: Asset): z.input<typeof assetAnswer> {
  return { code, scale, ...(name !== undefined && { name }), createdAt: timeText(createdAt) };
}

export function accountOf(account: Account): z.input<typeof accountAnswer> {
  const { id, status, freezes = 'debits', unbounded, shards, floors, limits = new Map(), owner, metadata } = account;
  const { createdAt, version, redacted } = account;
  return {
    id,
    status,
    freezes,
    unbounded,
    shards,
    floors: Object.fromEntries([...floors].map(([asset, floor]) => [asset, formatAmount(floor)])),
    limits: limitTexts(limits),
    ...(owner !== undefined && { owner }),
    metadata: { ...metadata },
    ...redactedOf(redacted),
    createdAt: timeText(createdAt),
    version: String(version),
  };
}

export function balanceOf(balance: BalanceTotal): z.input<typeof balanceAnswer> {
  const { account, asset, posted, held, version, lastEntryAt } = balance;
  const available = availableOf(balance);
  return {
    account,
    asset,
    posted: formatAmount(posted),
    held: formatAmount(held),
    available: available === null ? null : formatAmount(available),
    version: String(version),
    updatedAt: lastEntryAt === 0 ? null : timeText(lastEntryAt),
  };
}

export function balanceAtOf(balance: BalanceAt, at: number): z.input<typeof balanceAtAnswer> {
  const { account, asset, posted, sequence, updatedAt } = balance;
  return {
    account,
    asset,
    posted: formatAmount(posted),
    at: timeText(at),
    sequence: String(sequence),
    updatedAt: updatedAt === undefined ? null : timeText(updatedAt),
  };
}

export function entryOf(entry: Entry): z.input<typeof entryAnswer> {
  return {
    ...recordedEntryOf(entry),
    transactionId: entry.transactionId,
    type: entry.type,
    ...(entry.description !== undefined && { description: entry.description }),
    counterparties: [entry.counterparty],
    createdAt: timeText(entry.createdAt),
    hash: entry.hash,
    previousHash: entry.previousHash,
    detailsDigest: entry.detailsDigest,
  };
}

function recordedEntryOf({ account, asset, shard, sequence, amount, balanceAfter }: RecordedEntry) {
  return {
    account,
    asset,
    ...(shard > 0 && { shard }),
    sequence: String(sequence),
    amount: formatAmount(amount),
    balanceAfter: formatAmount(balanceAfter),
  };
}

export function postingOf({ source, destination, asset, amount }: Posting) {
  return { source, destination, asset, amount: formatAmount(amount) };
}

/** Of postings, those that are told: to an owner what moves to or from his own accounts. What others pay one another is not his to know. */
export function told<P extends Posting>(postings: readonly P[], own: ReadonlySet<AccountId> | undefined): readonly P[] {
  return own ? postings.filter(({ source, destination }) => own.has(source) || own.has(destination)) : postings;
}

/** What a transaction cost and the rate it was held to; fees are left out where there are none. */
function termsOf(transaction: PostedTransaction, own: ReadonlySet<AccountId> | undefined) {
  const { feeVersion, exchange } = transaction;
  const fees = told(feesOf(transaction), own);
  return {
    ...(fees.length > 0 && { fees: fees.map(feeTexts) }),
    ...(feeVersion !== undefined && { feeVersion: String(feeVersion) }),
    ...(exchange && { exchange: { ...exchange } }),
  };
}

/** When what a client wrote was removed, where it was. */
export function redactedOf(redacted: { readonly at: number } | undefined) {
  return redacted && { redacted: { at: timeText(redacted.at) } };
}

export function detailsOf({ description, metadata }: Pick<PostedTransaction, 'description' | 'metadata'>) {
  return {
    ...(description !== undefined && { description }),
    ...(metadata !== undefined && { metadata: inOrder(metadata) }),
  };
}

/** Metadata by name. DynamoDB keeps no order of names, and a replay has the bytes of the first answer. */
function inOrder(metadata: Metadata): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/**
 * A posted transaction, as its record has it. To an owner it has the postings and fees of his own accounts, and of these accounts the
 * entries: an entry says what it left, and what others have is not his to know.
 */
export function postedTransactionOf(
  transaction: PostedTransaction,
  own: ReadonlySet<AccountId> | undefined,
): z.input<typeof postedTransaction> {
  const { id, status, type, postings, entries, holdId, reverses, previousReversal, createdAt } = transaction;
  return {
    id,
    status,
    type,
    postings: told(postings, own).map(postingOf),
    entries: visible(entries, own).map(recordedEntryOf),
    ...termsOf(transaction, own),
    ...detailsOf(transaction),
    ...redactedOf(transaction.redacted),
    ...(holdId !== undefined && { holdId }),
    ...(reverses !== undefined && { reverses }),
    ...(previousReversal !== undefined && { previousReversal }),
    createdAt: timeText(createdAt),
  };
}

function visible(entries: readonly RecordedEntry[], own: ReadonlySet<AccountId> | undefined) {
  return own ? entries.filter(({ account }) => own.has(account)) : entries;
}

export function previewOf(
  transaction: PostedTransaction,
  own: ReadonlySet<AccountId> | undefined,
): z.input<typeof previewAnswer> {
  const { type, postings, entries, reverses } = transaction;
  return {
    dryRun: true,
    type,
    postings: told(postings, own).map(postingOf),
    entries: visible(entries, own).map(recordedEntryOf),
    ...termsOf(transaction, own),
    ...detailsOf(transaction),
    ...(reverses !== undefined && { reverses }),
  };
}

function reversedOf(reversed: Omit<ReversalState, 'transaction'> | undefined) {
  if (!reversed) return {};
  const { reversedAmount, lastReversal } = reversed;
  return {
    // With several postings there is no one amount: all was reversed.
    ...(reversedAmount > 0n && { reversedAmount: formatAmount(reversedAmount) }),
    ...(lastReversal !== null && { lastReversal }),
  };
}

/** A posted transaction, with what was reversed of it since. */
export function transactionSinceOf(
  transaction: PostedTransaction,
  reversed: Omit<ReversalState, 'transaction'> | undefined,
  own: ReadonlySet<AccountId> | undefined,
): z.input<typeof transactionSince> {
  return { ...postedTransactionOf(transaction, own), ...reversedOf(reversed) };
}

export function rejectedTransactionOf(
  transaction: RejectedTransaction,
  own: ReadonlySet<AccountId> | undefined,
): z.input<typeof rejectedTransaction> {
  const { id, status, type, postings, reason, createdAt, redacted } = transaction;
  return {
    id,
    status,
    type,
    postings: told(postings, own).map(postingOf),
    reason,
    ...redactedOf(redacted),
    createdAt: timeText(createdAt),
  };
}

export function holdOf(hold: Hold): z.input<typeof holdAnswer> {
  const { id, status, account, asset, amount, remaining, captured, createdAt, expiresAt, updatedAt, version } = hold;
  return {
    id,
    status,
    account,
    asset,
    amount: formatAmount(amount),
    remaining: formatAmount(remaining),
    captured: formatAmount(captured),
    ...detailsOf(hold),
    ...redactedOf(hold.redacted),
    createdAt: timeText(createdAt),
    expiresAt: timeText(expiresAt),
    updatedAt: timeText(updatedAt),
    version: String(version),
  };
}

/** Floors as canonical JSON takes them; null where one is taken back. */
export function floorTexts(floors: ReadonlyMap<string, bigint | null>): Record<string, string | null> {
  return Object.fromEntries([...floors].map(([asset, floor]) => [asset, floor === null ? null : formatAmount(floor)]));
}

type WindowLimitTexts = { amount?: string; count?: number };
type DebitLimitTexts = { hour?: WindowLimitTexts; day?: WindowLimitTexts };

/** The limits of one asset as texts: all windows and measures there are. */
function limitText(limits: DebitLimits): DebitLimitTexts {
  const windows = debitWindows.flatMap((window) => {
    const { amount, count } = limits[window] ?? {};
    if (amount === undefined && count === undefined) return [];
    const texts = {
      ...(amount !== undefined && { amount: formatAmount(amount) }),
      ...(count !== undefined && { count }),
    };
    return [[window, texts]];
  });
  return Object.fromEntries(windows);
}

/** Limits of debits as canonical JSON and answers take them. */
export function limitTexts(limits: ReadonlyMap<string, DebitLimits>): Record<string, DebitLimitTexts> {
  return Object.fromEntries([...limits].map(([asset, limit]) => [asset, limitText(limit)]));
}

/** Changes of limits as canonical JSON takes them; null where they are taken away. */
export function limitChangeTexts(
  limits: ReadonlyMap<string, DebitLimits | null>,
): Record<string, DebitLimitTexts | null> {
  return Object.fromEntries([...limits].map(([asset, limit]) => [asset, limit && limitText(limit)]));
}

/** Where an account is read, without stage or base path. Of an account's characters only the colon is special, and stands in a path as it is. */
export function accountLocation(id: AccountId): string {
  return `/v1/accounts/${id}`;
}

/** Where a transaction is read, without stage or base path. */
export function transactionLocation(id: TransactionId): string {
  return `/v1/transactions/${id}`;
}

/** Where a hold is read, without stage or base path. */
export function holdLocation(id: HoldId): string {
  return `/v1/holds/${id}`;
}
