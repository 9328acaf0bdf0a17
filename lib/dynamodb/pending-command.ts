import type { Command, FailureCode } from '../ledger/index.ts';
import type { Cause } from './cause.ts';
import type { CommitOutcome } from './commit-outcome.ts';
import type { Patience } from './patience.ts';
import type { KeyRecord } from './record-item.ts';

/** A command on its way to its outcome. */
export class PendingCommand {
  readonly command: Command;
  readonly patience: Patience;
  /** Random per request: recognises this request's own write when the answer to it was lost. */
  readonly nonce: string;
  readonly salt: string;
  /** The request it comes from, kept with what becomes of it. */
  readonly cause: Cause;
  readonly outcome: Promise<CommitOutcome>;
  /** Writes sent for it so far, this very instance's. */
  attempts = 0;
  /** How often expired holds were looked for, for its sake. */
  releaseRounds = 0;
  /** Whether a write was sent whose outcome has not been learnt since; it may still have its effect. */
  isInDoubt = false;
  /** Why the last attempt failed, for the answer when there is no time for another. */
  lastFailure: FailureCode = 'contention';
  #settle!: (outcome: CommitOutcome) => void;
  #throw!: (error: unknown) => void;
  #isSettled = false;

  constructor(command: Command, patience: Patience, nonce: string, salt: string, cause: Cause) {
    this.command = command;
    this.patience = patience;
    this.nonce = nonce;
    this.salt = salt;
    this.cause = cause;
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
    this.settle(
      record.requestHash === this.command.requestHash
        ? { kind: 'settled', result: record.result, replayed: record.nonce !== this.nonce }
        : { kind: 'key_reused' },
    );
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
