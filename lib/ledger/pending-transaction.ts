import type { AccountId } from './account.ts';
import type { PostBatch } from './batch.ts';
import type { Command, TransactionCommand } from './command.ts';
import { askedPostings } from './fee.ts';
import type { Found } from './needs.ts';
import type { TransactionId, TransactionType } from './transaction.ts';

/** What may wait in an account's line: every command that makes transactions. */
export type LineCommand = TransactionCommand | PostBatch;

/** A command that was accepted and waits in a line for its turn. */
export interface PendingTransaction {
  readonly id: TransactionId;
  readonly type: TransactionType;
  /** Undefined where what is stored of it cannot be read: then it will fail when its turn comes. */
  readonly command: LineCommand | undefined;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** That a command was accepted to be executed later: kept with whatever becomes of it. */
export interface Acceptance {
  /** Milliseconds since 1970: its place in the line. */
  readonly at: number;
  /** Whose line it waits or waited in. */
  readonly account: AccountId;
  /** The failed transaction that it is another try of. */
  readonly reprocesses?: TransactionId;
}

/** Whether a command may wait in a line. */
export function isLineCommand(command: Command): command is LineCommand {
  return command.kind !== 'createHold' && command.kind !== 'releaseHold';
}

/**
 * Whose line a command joins: the first source of what it moves. Undefined where what it goes back to, a hold or a
 * transaction, was not found.
 */
export function lineOf(command: LineCommand, found: Found): AccountId | undefined {
  switch (command.kind) {
    case 'transaction':
      return command.postings[0]?.source;
    case 'batch':
      return command.members[0]?.postings[0]?.source;
    case 'captureHold':
      return found.hold(command.holdId)?.account;
    case 'reversal': {
      const original = found.reversible(command.reverses);
      // It moves back the last posting first.
      return original && askedPostings(original.transaction).at(-1)?.destination;
    }
  }
}
