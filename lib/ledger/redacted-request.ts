import { digestOf } from './canonical-json.ts';
import type { Command, PostTransaction } from './command.ts';
import { askedPostings } from './fee.ts';
import type { Hold } from './hold.ts';
import type { KeyResult } from './key-result.ts';
import type { Posting } from './posting.ts';
import type { PostedTransaction, Transaction } from './transaction.ts';

/**
 * Whether a command may be the request that a redacted record is of. The hash of the request is gone, since whoever can read it could
 * try guesses at the redacted texts against it; what is left to tell requests apart is all else that the record says. So another
 * movement under the same key is still another request, and one that differs in its description or metadata alone is not.
 */
export function mayHaveAsked(command: Command, result: KeyResult): boolean {
  switch (result.kind) {
    case 'pending':
      return false;
    case 'hold':
      return isOfHold(command, result.hold);
    case 'batch':
      // The ids of its transactions follow from key and place alone, so they do not tell what was to be moved.
      return command.kind === 'batch' && movementsDigest(command.members) === result.movements;
    case 'transaction':
      return isOfTransaction(command, result.transaction);
  }
}

/** What a request wanted to be moved, without anything it said about it. */
type Movement = Pick<PostTransaction, 'type' | 'postings' | 'exchange'>;

/** The digest of what transactions move, in their order; none of it is ever redacted. It stands for the hash of the request for a batch. */
export function movementsDigest(movements: readonly Movement[]): string {
  return digestOf({
    v: 1,
    movements: movements.map(({ type, postings, exchange }) => ({
      type,
      postings: postings.map(({ source, destination, asset, amount }) => {
        return { source, destination, asset, amount: amount.toString() };
      }),
      ...(exchange && { exchange: { ...exchange } }),
    })),
  });
}

/** What a transaction was asked to move: fees were not asked for. */
export function movementAsked(transaction: PostedTransaction): Movement {
  const { type, exchange } = transaction;
  return { type, postings: askedPostings(transaction), ...(exchange && { exchange }) };
}

function isOfHold(command: Command, hold: Hold): boolean {
  if (command.kind !== 'createHold' || command.holdId !== hold.id) return false;
  const { account, asset, amount, expiry } = command;
  const expiresAt = 'expiresAt' in expiry ? expiry.expiresAt : hold.createdAt + expiry.expiresInSeconds * 1_000;
  return account === hold.account && asset === hold.asset && amount === hold.amount && expiresAt === hold.expiresAt;
}

function isOfTransaction(command: Command, transaction: Transaction): boolean {
  if (command.type !== transaction.type) return false;
  // Of what was not posted, only a plain transaction says what was to be moved, unless that could not be read; and nothing was.
  if (transaction.status !== 'posted') {
    const { postings } = transaction;
    return command.kind !== 'transaction' || postings.length === 0 || arePostings(command.postings, postings);
  }
  switch (command.kind) {
    case 'transaction':
      return (
        transaction.holdId === undefined &&
        transaction.reverses === undefined &&
        arePostings(command.postings, askedPostings(transaction)) &&
        isExchange(command.exchange, transaction)
      );
    case 'captureHold':
      return (
        command.holdId === transaction.holdId &&
        command.destination === transaction.postings[0]?.destination &&
        isAmount(command.amount, transaction)
      );
    case 'reversal':
      return command.reverses === transaction.reverses && isAmount(command.amount, transaction);
    default:
      return false;
  }
}

function arePostings(asked: readonly Posting[], recorded: readonly Posting[]): boolean {
  return asked.length === recorded.length && asked.every((posting, index) => isPosting(posting, recorded[index]));
}

function isPosting(one: Posting, other: Posting | undefined): boolean {
  return (
    one.source === other?.source &&
    one.destination === other.destination &&
    one.asset === other.asset &&
    one.amount === other.amount
  );
}

/** An amount that was not named was whatever remained. */
function isAmount(asked: bigint | undefined, { postings }: PostedTransaction): boolean {
  return asked === undefined || asked === postings[0]?.amount;
}

function isExchange(asked: PostedTransaction['exchange'], { exchange }: PostedTransaction): boolean {
  return (
    asked?.sell === exchange?.sell &&
    asked?.buy === exchange?.buy &&
    asked?.rate === exchange?.rate &&
    asked?.rounding === exchange?.rounding
  );
}
