import type * as z from 'zod';
import type { KeyRecord } from '../dynamodb/index.ts';
import type {
  AccountId,
  FailedTransaction,
  KeyResult,
  LineCommand,
  PendingTransaction,
  TransactionId,
} from '../ledger/index.ts';
import type {
  batchSince,
  failedTransaction,
  pendingTransaction,
  transactionAnswer,
  waitingTransaction,
} from './line-schemas.ts';
import {
  detailsOf,
  postingOf,
  redactedOf,
  rejectedTransactionOf,
  timeText,
  told,
  transactionSinceOf,
} from './representations.ts';

/**
 * A command that was accepted to be executed later. It is made of the command and the time of its acceptance alone, so
 * that the answer is the same whatever has become of it since.
 */
export function acceptedOf(
  command: LineCommand,
  acceptedAt: number,
  own?: ReadonlySet<AccountId>,
): z.input<typeof pendingTransaction> {
  const { id, type } = command;
  return { id, status: 'pending', type, ...askedOf(command, own), createdAt: timeText(acceptedAt) };
}

function askedOf(command: LineCommand, own: ReadonlySet<AccountId> | undefined) {
  switch (command.kind) {
    case 'transaction':
      return {
        postings: told(command.postings, own).map(postingOf),
        ...(command.exchange && { exchange: { ...command.exchange } }),
        ...detailsOf(command),
      };
    case 'captureHold':
      return { holdId: command.holdId, ...detailsOf(command) };
    case 'reversal':
      return { reverses: command.reverses, ...detailsOf(command) };
    case 'batch':
      return { transactions: command.members.map(({ id }) => id) };
  }
}

/** What waits in a line. Of one that cannot be read, only what its record says. To an owner, with the postings of his own accounts only. */
export function waitingOf(
  { id, type, command, createdAt }: PendingTransaction,
  accepted: KeyRecord['accepted'],
  own: ReadonlySet<AccountId> | undefined,
): z.input<typeof waitingTransaction> {
  const again = reprocessesOf(accepted);
  if (command) return { ...acceptedOf(command, createdAt, own), ...again };
  return { id, status: 'pending', type, createdAt: timeText(createdAt), ...again };
}

function failedOf(
  { id, type, postings, createdAt, failedAt, reprocessedBy, redacted }: FailedTransaction,
  accepted: KeyRecord['accepted'],
  own: ReadonlySet<AccountId> | undefined,
): z.input<typeof failedTransaction> {
  return {
    id,
    status: 'failed',
    type,
    postings: told(postings, own).map(postingOf),
    createdAt: timeText(createdAt),
    failedAt: timeText(failedAt),
    ...redactedOf(redacted),
    ...(reprocessedBy !== undefined && { reprocessedBy }),
    ...reprocessesOf(accepted),
  };
}

function batchOf(
  id: TransactionId,
  { transactions, createdAt, redacted }: Extract<KeyResult, { readonly kind: 'batch' }>,
): z.input<typeof batchSince> {
  return {
    id,
    status: 'posted',
    type: 'batch',
    transactions: [...transactions],
    ...redactedOf(redacted),
    createdAt: timeText(createdAt),
  };
}

/** A transaction as its record has it by now; undefined where the record is of no transaction. To an owner, with what is of his own accounts only. */
export function transactionOf(
  id: TransactionId,
  record: KeyRecord,
  own: ReadonlySet<AccountId> | undefined,
): z.input<typeof transactionAnswer> | undefined {
  const { result, reversed, accepted } = record;
  const again = reprocessesOf(accepted);
  switch (result.kind) {
    case 'hold':
      return undefined;
    case 'pending':
      return waitingOf(result.pending, accepted, own);
    case 'batch':
      return batchOf(id, result);
    case 'transaction':
      switch (result.transaction.status) {
        case 'posted':
          return { ...transactionSinceOf(result.transaction, reversed, own), ...again };
        case 'rejected':
          return { ...rejectedTransactionOf(result.transaction, own), ...again };
        case 'failed':
          return failedOf(result.transaction, accepted, own);
      }
  }
}

/** The failed transaction that this one is another try of, where it is one. */
function reprocessesOf(accepted: KeyRecord['accepted']) {
  return accepted?.reprocesses === undefined ? {} : { reprocesses: accepted.reprocesses };
}
