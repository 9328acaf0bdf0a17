import type { Account } from './account.ts';
import { type CanonicalValue, digestOf } from './canonical-json.ts';
import type { Hold } from './hold.ts';
import type { EventType } from './journal-event.ts';
import { formatAmount } from './money.ts';
import type { Posting } from './posting.ts';
import { digestOfDetails, requiredDigest } from './redaction.ts';
import type { FailedTransaction, PostedTransaction, RejectedTransaction, TransactionId } from './transaction.ts';
import type { DebitWindow, WindowLimit } from './velocity.ts';

/**
 * What the hash of an event covers: of what it is about, all that can never change, as the API writes it. What a client wrote
 * freely (description, metadata, an account's owner) is covered by a salted digest only, so that it can be redacted
 * later while the journal still verifies. The members are named here and nowhere else: whatever answers may show
 * besides, now or later, is no part of it.
 */
export type EventContent = { readonly [member: string]: CanonicalValue | undefined };

/** The members of an event's data that may be redacted; `detailsDigest` stands for them. */
export const redactableMembers = ['description', 'metadata', 'owner'] as const;

const postingMembers = ['source', 'destination', 'asset', 'amount'] as const;
const entryMembers = ['account', 'asset', 'shard', 'sequence', 'amount', 'balanceAfter'] as const;

const holdMembers = [
  'id',
  'status',
  'account',
  'asset',
  'amount',
  'remaining',
  'captured',
  'createdAt',
  'expiresAt',
  'updatedAt',
  'version',
  'detailsDigest',
];

/** The hashed members of what a record holds, by the kind of event. */
const recordMembers: Readonly<Partial<Record<EventType, readonly string[]>>> = {
  'transaction.posted': [
    'id',
    'status',
    'type',
    'postings',
    'entries',
    'feeVersion',
    'exchange',
    'holdId',
    'reverses',
    'previousReversal',
    'createdAt',
    'detailsDigest',
  ],
  'transaction.rejected': ['id', 'status', 'type', 'postings', 'reason', 'createdAt'],
  'transaction.failed': ['id', 'status', 'type', 'postings', 'createdAt', 'failedAt'],
  'batch.posted': ['id', 'transactions', 'createdAt'],
  'hold.created': holdMembers,
  'hold.voided': holdMembers,
  'hold.expired': holdMembers,
};

/**
 * The hashed part of an event's data as the API shows it: what the appender hashed, so that whoever has the data can
 * compute the hash again. Of a change that is every member but those that may be redacted.
 */
export function hashedPart(type: EventType, data: EventContent): EventContent {
  const names = recordMembers[type];
  if (!names) {
    return Object.fromEntries(
      Object.entries(data).filter(([name]) => !(redactableMembers as readonly string[]).includes(name)),
    );
  }
  const part = pick(data, names);
  return {
    ...part,
    ...(part.postings !== undefined && { postings: pickEach(part.postings, postingMembers) }),
    ...(part.entries !== undefined && { entries: pickEach(part.entries, entryMembers) }),
  };
}

function pick(value: EventContent, names: readonly string[]): EventContent {
  return Object.fromEntries(names.flatMap((name) => (value[name] === undefined ? [] : [[name, value[name]]])));
}

function pickEach(list: CanonicalValue, names: readonly string[]): CanonicalValue {
  return Array.isArray(list) ? list.map((each) => pick(each as EventContent, names) as CanonicalValue) : list;
}

/** Of a posted transaction: what its POST answered; never what was reversed of it since. */
export function postedContent(transaction: PostedTransaction): EventContent {
  const { id, status, type, postings, entries, feeVersion, exchange, holdId, reverses, previousReversal } = transaction;
  const { createdAt } = transaction;
  return {
    id,
    status,
    type,
    postings: postings.map(postingContent),
    entries: entries.map(({ account, asset, shard, sequence, amount, balanceAfter }) => ({
      account,
      asset,
      ...(shard > 0 && { shard }),
      sequence: String(sequence),
      amount: formatAmount(amount),
      balanceAfter: formatAmount(balanceAfter),
    })),
    ...(feeVersion !== undefined && { feeVersion: String(feeVersion) }),
    ...(exchange && { exchange: { ...exchange } }),
    ...(holdId !== undefined && { holdId }),
    ...(reverses !== undefined && { reverses }),
    ...(previousReversal !== undefined && { previousReversal }),
    createdAt: timeText(createdAt),
    detailsDigest: requiredDigest(transaction),
  };
}

/** Of a rejected transaction. */
export function rejectedContent({ id, status, type, postings, reason, createdAt }: RejectedTransaction): EventContent {
  return { id, status, type, postings: postings.map(postingContent), reason, createdAt: timeText(createdAt) };
}

/** Of a transaction that failed. */
export function failedContent({ id, status, type, postings, createdAt, failedAt }: FailedTransaction): EventContent {
  return {
    id,
    status,
    type,
    postings: postings.map(postingContent),
    createdAt: timeText(createdAt),
    failedAt: timeText(failedAt),
  };
}

/** Of a batch, whose transactions have events of their own. */
export function batchContent(
  id: TransactionId,
  transactions: readonly TransactionId[],
  createdAt: number,
): EventContent {
  return { id, transactions, createdAt: timeText(createdAt) };
}

/** Of a hold, as an operation left it. One made before holds had a salt has no digest of its details. */
export function holdContent(hold: Hold): EventContent {
  const { id, status, account, asset, amount, remaining, captured, createdAt, expiresAt, updatedAt, version } = hold;
  const detailsDigest = digestOfDetails(hold);
  return {
    id,
    status,
    account,
    asset,
    amount: formatAmount(amount),
    remaining: formatAmount(remaining),
    captured: formatAmount(captured),
    createdAt: timeText(createdAt),
    expiresAt: timeText(expiresAt),
    updatedAt: timeText(updatedAt),
    version: String(version),
    ...(detailsDigest !== undefined && { detailsDigest }),
  };
}

/** Of an account, as a change left it. */
export function accountContent(account: Account): EventContent {
  const { id, status, freezes = 'debits', unbounded, shards, floors, limits = new Map(), createdAt, version } = account;
  return {
    id,
    status,
    freezes,
    unbounded,
    shards,
    floors: Object.fromEntries([...floors].map(([asset, floor]) => [asset, formatAmount(floor)])),
    limits: Object.fromEntries(
      [...limits].map(([asset, windows]) => [
        asset,
        Object.fromEntries(
          Object.entries(windows as Partial<Record<DebitWindow, WindowLimit>>).map(([window, limit]) => [
            window,
            {
              ...(limit.amount !== undefined && { amount: formatAmount(limit.amount) }),
              ...(limit.count !== undefined && { count: limit.count }),
            },
          ]),
        ),
      ]),
    ),
    createdAt: timeText(createdAt),
    version: String(version),
  };
}

/** Binds what may be redacted of a change without showing it, as `detailsDigest` does for a transaction. */
export function changeDetailsDigest(salt: string, details: EventContent): string {
  return digestOf({ v: 1, salt, ...details });
}

function postingContent({ source, destination, asset, amount }: Posting): CanonicalValue {
  return { source, destination, asset, amount: formatAmount(amount) };
}

function timeText(time: number): string {
  return new Date(time).toISOString();
}
