import {
  type Acceptance,
  type AccountId,
  InvariantViolation,
  type KeyResult,
  LedgerError,
  maxLineWaitMs,
  type TenantId,
  type TransactionId,
} from '../../ledger/index.ts';
import type { CommitOutcome, Refused } from '../commit/commit-outcome.ts';
import type { PendingCommand } from '../commit/pending-command.ts';
import type { Cause } from '../items/cause.ts';
import { recordKey } from '../items/keys.ts';
import { type KeyRecord, parseRecord } from '../items/record-item.ts';
import { type Clock, Patience } from '../table/patience.ts';
import type { Reader } from '../table/reader.ts';
import type { AcceptOptions, Acceptor } from './acceptor.ts';

/** Tells whoever serves lines to look at one. Best effort: the stream tells too. Never rejects, and ends in time. */
export type WakeLine = (
  tenant: TenantId,
  account: AccountId,
  transaction: TransactionId,
  cause: Cause,
) => Promise<void>;

/** What became of a command that was to be accepted. */
export type AcceptOutcome =
  | { readonly kind: 'accepted'; readonly acceptedAt: number; readonly replayed: boolean }
  | { readonly kind: 'key_reused' }
  | Refused
  | Extract<CommitOutcome, { readonly kind: 'failed' }>;

export type AcceptResult = AcceptOutcome & { readonly attempts: number };

type Settled = Extract<CommitOutcome, { readonly kind: 'settled' }>;

export interface LinesDependencies {
  readonly acceptor: Acceptor;
  readonly reader: Reader;
  readonly clock: Clock;
  readonly wake: WakeLine;
}

/** The way into the accounts' lines, and how a request learns what became of a command that waits there. */
export class Lines {
  readonly #acceptor: Acceptor;
  readonly #reader: Reader;
  readonly #clock: Clock;
  readonly #wake: WakeLine;

  constructor({ acceptor, reader, clock, wake }: LinesDependencies) {
    this.#acceptor = acceptor;
    this.#reader = reader;
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Accepts a command and wakes its line, unless somebody waited there already: then whoever serves the line has been told. */
  async accept(pending: PendingCommand, options?: AcceptOptions): Promise<AcceptResult> {
    const isBehind = await this.#acceptor.accept(pending, options);
    const outcome = await pending.outcome;
    const { attempts } = pending;
    if (outcome.kind === 'contended')
      throw new InvariantViolation('a command that joins a line is not sent to another');
    if (outcome.kind !== 'settled') return { ...outcome, attempts };
    const { accepted, replayed, result } = outcome;
    if (!replayed && accepted && !isBehind) await this.#wakeFor(pending, accepted);
    return { kind: 'accepted', acceptedAt: acceptedAtOf(result, accepted), replayed, attempts };
  }

  /**
   * Accepts a command that others kept overtaking into the line of the account that they write, and waits for its
   * outcome as long as it may. Its line is woken also where somebody waits there already: his worker may have taken its last
   * look just before, and here a request waits.
   */
  async join(pending: PendingCommand, account: AccountId): Promise<CommitOutcome> {
    await this.#acceptor.accept(pending, { account });
    const outcome = await pending.outcome;
    if (outcome.kind !== 'settled' || outcome.result.kind !== 'pending') return outcome;
    const waking = outcome.accepted && this.#wakeFor(pending, outcome.accepted);
    const followed = await this.follow(pending, outcome);
    await waking;
    return followed;
  }

  /**
   * Waits for the outcome of a command that waits in a line, as long as a request may; then says that it still waits.
   * It is accepted, so whatever goes wrong here changes nothing about it.
   */
  async follow({ command, nonce, patience: whole }: PendingCommand, waiting: Settled): Promise<Settled> {
    const patience = new Patience(this.#clock, Math.min(maxLineWaitMs, whole.leftMs));
    for (let attempt = 1; !patience.isOver; attempt++) {
      await patience.pause(Math.min(attempt + 1, longestPause));
      try {
        const row = await this.#reader.get(recordKey(command.tenant, command.record));
        const record: KeyRecord | undefined = row && parseRecord(row);
        if (record && record.result.kind !== 'pending') {
          const { result, accepted } = record;
          return { kind: 'settled', result, accepted, replayed: record.nonce !== nonce };
        }
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error;
        return waiting;
      }
    }
    return waiting;
  }

  #wakeFor({ command, cause }: PendingCommand, { account }: Acceptance): Promise<void> {
    return this.#wake(command.tenant, account, command.id, cause);
  }
}

/** Which of the pauses is the longest while a request waits: a fifth of a second. */
const longestPause = 5;

/** When a command was accepted; one that was executed at once was accepted then. */
function acceptedAtOf(result: KeyResult, accepted: Acceptance | undefined): number {
  if (accepted) return accepted.at;
  switch (result.kind) {
    case 'transaction':
      return result.transaction.createdAt;
    case 'batch':
      return result.createdAt;
    case 'pending':
      return result.pending.createdAt;
    case 'hold':
      throw new InvariantViolation('the key of a transaction made a hold');
  }
}
