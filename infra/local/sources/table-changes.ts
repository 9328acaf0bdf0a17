import { type FSWatcher, watch } from 'node:fs';
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

/** How often to look while there is traffic: a commit waits half of this before it is noticed. */
const lookIntervalMs = 8;
/** Without a commit for so long, the system is asked to tell of the next. */
const quietAfterMs = 1_000;
/** How often to look even so: not every file system tells. */
const quietIntervalMs = 250;
/** How often whoever waits is to look anyway. */
const atLeastEveryMs = 5_000;

/**
 * Watches the emulator's file, so that nobody asks the emulator while there is nothing new. While there is traffic, SQLite says what
 * is new for some microseconds; but to be woken a hundred times a second costs more than one per cent of a core, so that while all
 * is quiet the system is to say when the file's log is written to.
 */
export function fileChanges(databaseFile: string, quietMs = quietAfterMs): TableChanges {
  const database = new DatabaseSync(databaseFile, { readOnly: true });
  const statement = database.prepare('PRAGMA data_version');
  const now = (): number => (statement.get() as { data_version: number }).data_version;
  const waiting = new Set<Waiter>();
  let timer: NodeJS.Timeout | undefined;
  let watcher: FSWatcher | undefined;
  let known = now();
  let changedAt = Date.now();

  const unwatch = (): void => {
    watcher?.close();
    watcher = undefined;
  };
  const look = (): void => {
    const time = Date.now();
    const version = now();
    if (version !== known) {
      known = version;
      changedAt = time;
      // Under traffic it would tell of every write.
      unwatch();
    } else if (watcher === undefined && time - changedAt >= quietMs) {
      watcher = watchLog(databaseFile, () => {
        // The log is written before the commit it holds is one, so what comes is looked for, not expected to be there.
        changedAt = Date.now();
        unwatch();
        look();
      });
    }
    for (const { number, until, wake } of [...waiting]) {
      if (number !== version || until <= time) wake();
    }
    clearTimeout(timer);
    timer = waiting.size === 0 ? undefined : setTimeout(look, watcher ? quietIntervalMs : lookIntervalMs).unref();
  };
  return {
    now,
    after: (number, _quietMs, signal) =>
      new Promise((fulfil) => {
        const waiter = { number, until: Date.now() + atLeastEveryMs, wake };
        function wake(): void {
          waiting.delete(waiter);
          signal.removeEventListener('abort', wake);
          fulfil();
        }
        waiting.add(waiter);
        signal.addEventListener('abort', wake);
        if (signal.aborted) wake();
        // What was committed since the number was taken is seen at once.
        else look();
      }),
    stop() {
      clearTimeout(timer);
      unwatch();
      database.close();
    },
  };
}

interface Waiter {
  readonly number: number;
  readonly until: number;
  readonly wake: () => void;
}

/** Undefined where the system cannot watch the file: then it is looked at as often as under traffic. */
function watchLog(databaseFile: string, changed: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(`${databaseFile}-wal`, { persistent: false }, changed);
    // Whatever ends the watch, the slow look goes on.
    return watcher.on('error', () => undefined);
  } catch {
    return undefined;
  }
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
