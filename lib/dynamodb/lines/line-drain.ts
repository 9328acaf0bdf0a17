import {
  type AccountId,
  InvariantViolation,
  type KeyResult,
  maxActionsPerWrite,
  maxCommitMs,
  type RejectionReason,
  recordIdOfTransaction,
  type TenantId,
} from '../../ledger/index.ts';
import type { Committer } from '../commit/committer.ts';
import { PendingCommand } from '../commit/pending-command.ts';
import { placeKey, recordKey } from '../items/keys.ts';
import type { Place } from '../items/line-item.ts';
import { type KeyRecord, parseRecord } from '../items/record-item.ts';
import { isOwnFault } from '../table/faults.ts';
import { type Clock, Patience } from '../table/patience.ts';
import type { Reader } from '../table/reader.ts';
import type { FailedHead, FailedHeads } from './failed-heads.ts';
import type { LineReader } from './line-reader.ts';

/**
 * Places read at once: as many as a write can take. Transfers between the same two accounts need four items each (record,
 * place, two entries) beside the two balances; whatever else waits needs more, and what has no room is read again.
 */
const placesAtOnce = Math.floor((maxActionsPerWrite - 2) / 4);

/** Below this a drain ends: a commit that was begun may take as long as the time that is left. */
const shortestStepMs = 1_000;

/** What a drain came to. */
export interface DrainRun {
  /** What became of the transactions that this very drain brought to their end. */
  readonly settled: readonly SettledInLine[];
  readonly failed: readonly FailedHead[];
  /** False where the line goes on: time was up. */
  readonly isEmpty: boolean;
}

/** What became of a command that had its turn. */
export interface SettledInLine {
  readonly type: string;
  readonly outcome: 'posted' | RejectionReason;
  /** From acceptance to this, in milliseconds. */
  readonly waitedMs: number;
}

export interface LineDrainDependencies {
  readonly committer: Pick<Committer, 'commitLine'>;
  readonly lines: LineReader;
  readonly reader: Reader;
  readonly failures: FailedHeads;
  readonly clock: Clock;
  readonly randomText: () => string;
}

/** The ledger could not be read or written: nobody in the line is to blame. */
export class LineInterrupted extends Error {
  override readonly name = 'LineInterrupted';
}

/** How far a list of the line got: what was done, and what the next one failed with by itself. */
interface Served {
  readonly done: readonly SettledInLine[];
  /** Nothing was done, since others were faster each time. */
  readonly isOvertaken?: boolean;
  readonly fault?: Error;
  readonly cause?: KeyRecord['cause'];
}

/**
 * Serves an account's line from its head, in order, as many commands as fit one write. Each leaves the line in the same
 * write as its outcome, on the condition that it still waited: whoever comes late, or a second time, finds it gone.
 *
 * A head that fails by itself is counted and tried again; after `maxLineAttempts` it has failed for good, and the line
 * goes on. What may be the ledger's own trouble interrupts the drain instead, and counts against nobody.
 */
export class LineDrain {
  readonly #dependencies: LineDrainDependencies;

  constructor(dependencies: LineDrainDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Works until the line is empty or the time given in milliseconds is up; nothing new is begun after `longestMs`.
   *
   * @throws LineInterrupted, LedgerError `unavailable`, or what another try would not change: permissions, a missing table
   */
  async run(tenant: TenantId, account: AccountId, timeMs: number, longestMs: number = timeMs): Promise<DrainRun> {
    const { lines, clock, failures } = this.#dependencies;
    const patience = new Patience(clock, timeMs);
    const settled: SettledInLine[] = [];
    const failed: FailedHead[] = [];
    for (let isAlone = false; ; ) {
      if (patience.leftMs < Math.max(shortestStepMs, timeMs - longestMs)) return { settled, failed, isEmpty: false };
      const { places, hasMore } = await lines.places(tenant, account, isAlone ? 1 : placesAtOnce);
      const [head] = places;
      if (!head) return { settled, failed, isEmpty: true };
      const { done, fault, cause, isOvertaken } = await this.#serve(tenant, places, hasMore, patience);
      settled.push(...done);
      if (isOvertaken) await patience.pause(longPause);
      if (!fault || done.length > 0) isAlone = false;
      // Whether it was the head, shows when it is tried by itself.
      else if (places.length > 1) isAlone = true;
      else {
        const givenUp = await failures.count(tenant, head, fault, cause);
        if (givenUp) failed.push(givenUp);
        else await patience.pause(longPause);
        isAlone = !givenUp;
      }
    }
  }

  /** Brings a list of the line to its outcomes, as far as that goes. */
  async #serve(tenant: TenantId, places: readonly Place[], hasMore: boolean, patience: Patience): Promise<Served> {
    const { commands, fault } = await this.#commands(tenant, places, patience);
    const [first] = places;
    if (commands.length === 0 || !first) return { done: [], ...(fault && { fault }) };
    const line = { account: first.account, hasMore: hasMore || commands.length < places.length };
    await this.#dependencies.committer.commitLine(tenant, commands, line);
    const done: SettledInLine[] = [];
    for (const pending of commands) {
      if (!pending.isSettled) return { done };
      try {
        const outcome = await pending.outcome;
        if (outcome.kind === 'failed') {
          if (done.length > 0) return { done };
          // Others write the same balances, and get on: waiting long for that to end would only let the line grow.
          if (outcome.code === 'contention') return { done, isOvertaken: true };
          throw new LineInterrupted(`the line could not be served: ${outcome.code}`);
        }
        if (outcome.kind !== 'settled') throw new InvariantViolation(`a command in line was ${outcome.kind}`);
        if (!outcome.replayed) done.push(this.#settledOf(pending, outcome.result));
      } catch (error) {
        if (!isOwnFault(error)) throw error;
        return { done, fault: error, cause: pending.cause };
      }
    }
    return { done };
  }

  /** The commands from the head on, up to the first that cannot be read; that is a fault of the head only. */
  async #commands(
    tenant: TenantId,
    places: readonly Place[],
    { leftMs }: Patience,
  ): Promise<{ commands: PendingCommand[]; fault?: Error }> {
    const { reader, clock, randomText } = this.#dependencies;
    const rows = await reader.getAll(
      places.map(({ transaction }) => recordKey(tenant, recordIdOfTransaction(transaction))),
    );
    const byKey = new Map(rows.map((row) => [row.PK, row]));
    const patience = new Patience(clock, Math.min(leftMs, maxCommitMs));
    const commands: PendingCommand[] = [];
    for (const place of places) {
      const { account, acceptedAt, transaction } = place;
      const row = byKey.get(recordKey(tenant, recordIdOfTransaction(transaction)).PK);
      try {
        if (!row) throw new InvariantViolation(`${transaction} waits in a line and has no record`);
        const { result, nonce, cause = {}, accepted } = parseRecord(row);
        if (result.kind !== 'pending')
          throw new InvariantViolation(`${transaction} waits in a line and has its outcome`);
        if (!result.pending.command) throw new InvariantViolation(`what is stored of ${transaction} cannot be read`);
        commands.push(
          new PendingCommand({
            command: result.pending.command,
            patience,
            nonce,
            salt: randomText(),
            cause,
            place: {
              acceptance: accepted ?? { at: acceptedAt, account },
              key: placeKey(tenant, account, acceptedAt, transaction),
            },
          }),
        );
      } catch (error) {
        if (!isOwnFault(error)) throw error;
        return commands.length > 0 ? { commands } : { commands, fault: error };
      }
    }
    return { commands };
  }

  #settledOf({ command, place }: PendingCommand, result: KeyResult): SettledInLine {
    const waitedMs = Math.max(0, this.#dependencies.clock.now() - (place?.acceptance.at ?? 0));
    const isRejected = result.kind === 'transaction' && result.transaction.status === 'rejected';
    return { type: command.type, outcome: isRejected ? result.transaction.reason : 'posted', waitedMs };
  }
}

/** Which of the pauses a head that failed by itself gets before its next turn: one of the longest. */
const longPause = 6;
