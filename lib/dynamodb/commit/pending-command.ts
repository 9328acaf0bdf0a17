import { type Acceptance, type AccountId, type Command, type FailureCode, mayHaveAsked } from '../../ledger/index.ts';
import type { Cause } from '../items/cause.ts';
import type { Key } from '../items/keys.ts';
import type { KeyRecord } from '../items/record-item.ts';
import type { Patience } from '../table/patience.ts';
import type { CommitOutcome } from './commit-outcome.ts';

/** Where a command waits that was accepted earlier. Its record exists; with its outcome it leaves the line. */
export interface PlaceInLine {
  readonly acceptance: Acceptance;
  readonly key: Key;
}

export interface PendingCommandOptions {
  readonly command: Command;
  readonly patience: Patience;
  readonly nonce: string;
  readonly salt: string;
  readonly cause: Cause;
  readonly place?: PlaceInLine | undefined;
  /** Whether it may be sent to the line of a contended account, where others wait. */
  readonly mayJoinLine?: boolean;
}

/** A command on its way to its outcome. */
export class PendingCommand {
  readonly command: Command;
  readonly patience: Patience;
  /** Random per request: recognises this request's own write when the answer to it was lost. */
  readonly nonce: string;
  readonly salt: string;
  /** The request it comes from, kept with what becomes of it. */
  readonly cause: Cause;
  /** Set where it was accepted earlier and its turn has come. */
  readonly place: PlaceInLine | undefined;
  readonly mayJoinLine: boolean;
  readonly outcome: Promise<CommitOutcome>;
  /** Writes sent for it so far, this very instance's. */
  attempts = 0;
  /** Writes in a row that failed since others write the same balances. */
  contentions = 0;
  /** How often expired holds were looked for, for its sake. */
  releaseRounds = 0;
  /** Whether a write was sent whose outcome has not been learnt since; it may still have its effect. */
  isInDoubt = false;
  /** Why the last attempt failed, for the answer when there is no time for another. */
  lastFailure: FailureCode = 'contention';
  #settle!: (outcome: CommitOutcome) => void;
  #throw!: (error: unknown) => void;
  #isSettled = false;

  constructor({ command, patience, nonce, salt, cause, place, mayJoinLine = false }: PendingCommandOptions) {
    this.command = command;
    this.patience = patience;
    this.nonce = nonce;
    this.salt = salt;
    this.cause = cause;
    this.place = place;
    this.mayJoinLine = mayJoinLine;
    this.outcome = new Promise((resolve, reject) => {
      this.#settle = resolve;
      this.#throw = reject;
    });
    // Whoever asked awaits the outcome; until they do, a failure here is not an unhandled one.
    this.outcome.catch(() => {});
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  settle(outcome: CommitOutcome): void {
    this.#isSettled = true;
    this.#settle(outcome);
  }

  /** Settles with what the key's record says: an earlier request, this very one, or another under the same key. */
  settleFromRecord(record: KeyRecord): void {
    if (!isRequestOf(record, this.command)) this.settle({ kind: 'key_reused' });
    else {
      // Of a command whose turn has come, an earlier turn had the same nonce.
      const replayed = this.place !== undefined || record.nonce !== this.nonce;
      this.settle({ kind: 'settled', result: record.result, accepted: record.accepted, replayed });
    }
  }

  /** Whether a record is its outcome; that it waits is none for a command whose turn has come. */
  isAnsweredBy(record: KeyRecord): boolean {
    return this.place === undefined || record.result.kind !== 'pending';
  }

  /** Sends it to an account's line, where it takes its turn. */
  joinLine(account: AccountId): void {
    this.settle({ kind: 'contended', account });
  }

  /** Gives up. Where a write may still have its effect, nothing else may be said than that. */
  fail(): void {
    this.settle({ kind: 'failed', code: this.isInDoubt ? 'outcome_unknown' : this.lastFailure });
  }

  /** Ends with a broken invariant: a bug or damaged data, for the boundary to report. */
  throw(error: unknown): void {
    this.#isSettled = true;
    this.#throw(error);
  }
}

/** Whether the record is of this very request. No key of a client names the record of another try of a failed transaction. */
function isRequestOf({ requestHash, result, accepted }: KeyRecord, command: Command): boolean {
  if (requestHash === command.requestHash || accepted?.reprocesses !== undefined) return true;
  return requestHash === undefined && mayHaveAsked(command, result);
}
