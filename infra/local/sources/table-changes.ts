import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

/** Says when it is worth looking for new records. */
export interface TableChanges {
  /** A number that changes with every commit that `after` is to notice. */
  now(): number;
  /**
   * Resolves when something may have been committed since that number, when the signal is given, or after some time.
   * @param quietMs for how long nothing has been found.
   */
  after(number: number, quietMs: number, signal: AbortSignal): Promise<void>;
  stop(): void;
}

/** What one look costs is not measurable; it is how long a commit waits that counts. */
const lookIntervalMs = 8;
/** How often to look anyway. */
const atLeastEveryMs = 5_000;

/** Watches the emulator's file, which tells what is new for some microseconds: nobody asks the emulator while nothing is. */
export function fileChanges(databaseFile: string): TableChanges {
  const database = new DatabaseSync(databaseFile, { readOnly: true });
  const statement = database.prepare('PRAGMA data_version');
  const now = (): number => (statement.get() as { data_version: number }).data_version;
  const waiting = new Set<{ readonly number: number; readonly until: number; readonly wake: () => void }>();
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const version = now();
    const time = Date.now();
    for (const waiter of waiting) {
      if (waiter.number !== version || waiter.until <= time) waiter.wake();
    }
  };
  return {
    now,
    after: (number, _quietMs, signal) =>
      new Promise((fulfil) => {
        const waiter = { number, until: Date.now() + atLeastEveryMs, wake };
        function wake(): void {
          waiting.delete(waiter);
          signal.removeEventListener('abort', wake);
          if (waiting.size === 0) {
            clearInterval(timer);
            timer = undefined;
          }
          fulfil();
        }
        waiting.add(waiter);
        timer ??= setInterval(look, lookIntervalMs).unref();
        signal.addEventListener('abort', wake);
        if (signal.aborted) wake();
      }),
    stop() {
      clearInterval(timer);
      database.close();
    },
  };
}

const shortestPauseMs = 20;
const longestPauseMs = 250;

/** For a DynamoDB that is reached by its endpoint only: asks it again soon while there is traffic, and less often when there is none. */
export function polledChanges(): TableChanges {
  return {
    now: () => 0,
    async after(_number, quietMs, signal) {
      const pauseMs = Math.min(Math.max(quietMs / 20, shortestPauseMs), longestPauseMs);
      await pause(pauseMs, signal);
    },
    stop() {},
  };
}

/** Waits, but not beyond the signal. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal, ref: false });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
