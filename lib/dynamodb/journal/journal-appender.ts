import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { headAfter, LedgerError, maxEventsPerBlock, nextBlock, type TenantId } from '../../ledger/index.ts';
import { journaledKey } from '../items/keys.ts';
import { createLedgerClient } from '../table/client.ts';
import { ClockSkew } from '../table/clock-skew.ts';
import { type Clock, Patience, systemClock } from '../table/patience.ts';
import { Reader } from '../table/reader.ts';
import { JournalMemory } from './journal-memory.ts';
import { JournalReader } from './journal-reader.ts';
import { JournalRun } from './journal-run.ts';
import { JournalWriter } from './journal-writer.ts';

/** What nobody woke the journal for, and is older than this when it is met, was forgotten by somebody: in milliseconds. */
const forgottenAfterMs = 3_600_000;

/** What is kept of the time for the last block, in milliseconds. */
const lastWriteMs = 2_000;

/** What a call appended. */
export interface Appended {
  readonly blocks: number;
  readonly events: number;
  /** Events that nothing woke the journal for, met an hour or more after they happened. */
  readonly forgotten: number;
  /** The longest time from an event to its block, in milliseconds; undefined without an event. */
  readonly longestLagMs?: number;
  /** False where time was over first: what is left has to be asked for again. */
  readonly isComplete: boolean;
}

export interface JournalAppenderOptions {
  readonly client: DynamoDBDocumentClient;
  /** The Ledger table's name. */
  readonly table: string;
  readonly clock: Clock;
}

/** The plan did not become a block: what it was made on is to be read again. */
class PlanLost extends Error {
  override readonly name = 'PlanLost';
}

/** Time is over. What was appended so far stays. */
class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

/**
 * Appends to tenants' journals. One at a time for each tenant is best; several are as right, and each other's hindrance.
 *
 * The time line of a block, and what a crash or a lost answer at each point leaves behind:
 *
 *   read items ──▶ read what precedes them ──▶ read the head ──▶ TransactWriteItems: the block, and its number onto each item
 *      (nothing)              (nothing)              (nothing)          (all of it or nothing)
 *
 * So an item is in one block or in none, and whoever looks again goes on from there.
 */
export class JournalAppender {
  readonly #reader: Reader;
  readonly #journal: JournalReader;
  readonly #writer: JournalWriter;
  readonly #clock: Clock;
  readonly #memory = new JournalMemory();

  constructor({ client, table, clock }: JournalAppenderOptions) {
    this.#clock = clock;
    this.#reader = new Reader(client, table, clock);
    this.#journal = new JournalReader(this.#reader);
    this.#writer = new JournalWriter(client, table);
  }

  /**
   * Appends what lies in these partitions, if it is not in the journal yet and is one for it: records of keys that wait for
   * nothing, and change records. What must precede and is missing is appended before. `onBlock` is awaited after each block.
   *
   * @throws LedgerError `unavailable`, `contention` where others appended all the time; InvariantViolation for damage
   */
  async append(
    tenant: TenantId,
    partitions: readonly string[],
    timeMs: number,
    onBlock: (number: number) => Promise<void> = async () => {},
  ): Promise<Appended> {
    const patience = new Patience(this.#clock, timeMs);
    const tally = new Tally(new Set(partitions), this.#clock);
    for (let attempt = 1; ; attempt++) {
      const appendedBefore = tally.blocks;
      try {
        await this.#attempt(tenant, partitions, patience, tally, onBlock);
        return tally.appended(true);
      } catch (error) {
        if (error instanceof OutOfTime) {
          if (tally.blocks > 0) return tally.appended(false);
          throw new LedgerError('contention', 'nothing could be appended to the journal in time', {}, { cause: error });
        }
        if (!(error instanceof PlanLost)) throw error;
        if (tally.blocks > appendedBefore) attempt = 1;
      }
      await patience.pause(attempt);
    }
  }

  async #attempt(
    tenant: TenantId,
    partitions: readonly string[],
    patience: Patience,
    tally: Tally,
    onBlock: (number: number) => Promise<void>,
  ): Promise<void> {
    const run = new JournalRun(this.#reader, tenant, this.#memory);
    const isLate = () => patience.leftMs < lastWriteMs;
    const append = async (): Promise<void> => {
      if (run.planned.length > 0) await onBlock(await this.#flush(tenant, run, patience, tally));
      if (isLate()) throw new OutOfTime();
    };
    const keys = partitions.flatMap((partition) => journaledKey(partition) ?? []);
    const placing = { blockSize: maxEventsPerBlock, isLate, onBlock: append };
    for (const row of await run.load(keys)) await run.place(row, placing);
    if (run.planned.length > 0) await onBlock(await this.#flush(tenant, run, patience, tally));
  }

  async #flush(tenant: TenantId, run: JournalRun, patience: Patience, tally: Tally): Promise<number> {
    const { planned } = run;
    const head = this.#memory.heads.get(tenant) ?? (await this.#journal.head(tenant));
    const events = planned.map(({ event }) => event);
    const block = nextBlock(tenant, head, events, this.#clock.now());
    const keys = planned.map(({ key }) => key);
    const outcome = await this.#writer.append(tenant, block, keys, patience);
    if (outcome !== 'appended') {
      this.#memory.heads.delete(tenant);
      throw patience.leftMs < lastWriteMs ? new OutOfTime() : new PlanLost();
    }
    this.#memory.heads.set(tenant, headAfter(block));
    run.commit();
    tally.add(planned);
    return block.number;
  }
}

/** Counts what is appended. */
class Tally {
  blocks = 0;
  #events = 0;
  #forgotten = 0;
  #longestLagMs: number | undefined;
  readonly #wanted: ReadonlySet<string>;
  readonly #clock: Clock;

  constructor(wanted: ReadonlySet<string>, clock: Clock) {
    this.#wanted = wanted;
    this.#clock = clock;
  }

  add(planned: JournalRun['planned']): void {
    const now = this.#clock.now();
    this.blocks++;
    this.#events += planned.length;
    for (const { key, event } of planned) {
      const lagMs = Math.max(0, now - event.time);
      if (lagMs >= forgottenAfterMs && !this.#wanted.has(key.PK)) this.#forgotten++;
      this.#longestLagMs = Math.max(this.#longestLagMs ?? 0, lagMs);
    }
  }

  appended(isComplete: boolean): Appended {
    return {
      blocks: this.blocks,
      events: this.#events,
      forgotten: this.#forgotten,
      ...(this.#longestLagMs !== undefined && { longestLagMs: this.#longestLagMs }),
      isComplete,
    };
  }
}

/** An appender to the journals of one table, with a client of its own. */
export function openAppender({
  table,
  clock = systemClock,
  endpoint,
}: {
  readonly table: string;
  readonly clock?: Clock;
  readonly endpoint?: string;
}): JournalAppender {
  return new JournalAppender({ client: createLedgerClient(new ClockSkew(), endpoint), table, clock });
}
