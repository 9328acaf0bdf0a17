import { DatabaseSync } from 'node:sqlite';

/** How many records of a stream are kept: enough to look at. What is not consumed yet is kept beyond that. */
const recordsKept = 10_000;
/** Records deleted in one step; about 5 ms, in which the emulator's own writes wait. */
const recordsPerStep = 1_000;
/** Steps a second at most: 5,000 records, which is what a thousand transfers leave. */
const stepsPerSweep = 5;
const sweepIntervalMs = 1_000;
const pauseBetweenStepsMs = 20;
/** SQLite's result code when another connection holds the write lock. */
const sqliteBusy = 5;

export interface StreamUpkeepOptions {
  /** How many records of a table are kept. */
  readonly kept?: number;
  /** The number of the last record of a table that all its consumers are done with; Infinity if it has none. */
  readonly consumedUpTo?: (table: string) => number;
}

/** Keeps the emulator's stream records cheap to write and bounded in number. */
export interface StreamUpkeep {
  /** Deletes one step's worth of surplus records. Returns how many went; 0 also when the file was busy. */
  trimOnce(): number;
  stop(): void;
}

/**
 * The emulator numbers each stream record by searching all records of its table and never deletes one. An index on what it
 * searches makes that constant (53 → 937 transactions/s), and what exceeds the bound is deleted here in small steps, but
 * never what is not consumed yet. A trigger would do the deleting for nothing in code, but its mere presence costs the emulator a fifth of its writes.
 * The newest record of a table always stays, since the next number is derived from it.
 */
export function keepStreamsShort(
  databaseFile: string,
  tables: readonly string[],
  { kept = recordsKept, consumedUpTo = () => Number.POSITIVE_INFINITY }: StreamUpkeepOptions = {},
): StreamUpkeep {
  const database = new DatabaseSync(databaseFile, { timeout: 5_000 });
  database.exec(
    'CREATE INDEX IF NOT EXISTS florin_stream_order ON _stream_records(table_name, CAST(sequence_number AS INTEGER))',
  );
  // From here on this connection never waits (it runs on the gateway's thread), never syncs and never checkpoints:
  // what it deletes needs no durability, and the emulator's next commit syncs the whole log anyway.
  database.exec('PRAGMA busy_timeout = 0; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0');
  const edge = (direction: 'ASC' | 'DESC'): string =>
    `(SELECT CAST(sequence_number AS INTEGER) FROM _stream_records WHERE table_name = :table
      ORDER BY CAST(sequence_number AS INTEGER) ${direction} LIMIT 1)`;
  const bounds = database.prepare(`SELECT ${edge('ASC')} AS oldest, ${edge('DESC')} AS newest`);
  const remove = database.prepare(
    'DELETE FROM _stream_records WHERE table_name = :table AND CAST(sequence_number AS INTEGER) < :before',
  );

  const trimTable = (table: string): number => {
    const { oldest, newest } = bounds.get({ table }) as { oldest: number | null; newest: number | null };
    if (oldest === null || newest === null) {
      return 0;
    }
    const before = Math.min(oldest + recordsPerStep, newest - kept + 1, consumedUpTo(table) + 1);
    return before > oldest ? Number(remove.run({ table, before }).changes) : 0;
  };
  const trimOnce = (): number => {
    try {
      return tables.reduce((removed, table) => removed + trimTable(table), 0);
    } catch (error) {
      if ((error as { errcode?: number }).errcode === sqliteBusy) {
        return 0;
      }
      throw error;
    }
  };

  let timer: NodeJS.Timeout | undefined;
  const schedule = (step: number): void => {
    const pause = step === 0 ? sweepIntervalMs : pauseBetweenStepsMs;
    timer = setTimeout(() => {
      trimOnce();
      schedule((step + 1) % stepsPerSweep);
    }, pause).unref();
  };
  schedule(0);
  return {
    trimOnce,
    stop() {
      clearTimeout(timer);
      database.close();
    },
  };
}
