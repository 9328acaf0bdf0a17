import { DatabaseSync } from 'node:sqlite';

/** SQLite's result code when another connection holds the lock. */
const sqliteBusy = 5;

/**
 * Takes a lock on a file without waiting; undefined if somebody holds it. The kernel lets go of it when the process ends, however it
 * ends, so there are no stale locks and no pids to compare. SQLite is used for its portable way to ask the kernel.
 */
export function tryLock(file: string): { release(): void } | undefined {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === sqliteBusy) {
      return undefined;
    }
    throw error;
  }
  return { release: () => database.close() };
}

/** Shares a lock on a file: many may, but `tryLock` gets it only when all of them have let go or ended. */
export function shareLock(file: string): { release(): void } {
  const database = new DatabaseSync(file, { timeout: 1_000 });
  // Whoever reads in a transaction holds a shared lock until its end.
  database.exec('BEGIN; SELECT count(*) FROM sqlite_schema');
  return { release: () => database.close() };
}
