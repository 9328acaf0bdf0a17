import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { queueFileName } from '../queues/queue-file.ts';

/** Up to where a shard is consumed. */
export interface ShardPosition {
  /** The last record that is done with; absent: none is, and the first to come is the oldest there is. */
  readonly after?: string;
  /** Whether it came to its end; it is kept, so that its children know. */
  readonly isClosed: boolean;
}

/** The positions of all stream sources. */
export interface StreamPositions {
  /** Undefined: this source has never begun with the shard. */
  find(source: string, shardId: string): ShardPosition | undefined;
  save(source: string, shardId: string, position: ShardPosition): void;
  close(): void;
}

/**
 * Keeps positions in the very file that holds the queues' messages. SQLite's log survives a power failure up to some write and
 * never beyond, so a position is not there unless the messages are that were sent on the way to it.
 */
export function openPositions(queuesFolder: string): StreamPositions {
  mkdirSync(queuesFolder, { recursive: true });
  const database = new DatabaseSync(join(queuesFolder, queueFileName), { timeout: 5_000 });
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  database.exec(
    'CREATE TABLE IF NOT EXISTS florin_positions (source TEXT, shard TEXT, after TEXT, closed INTEGER NOT NULL, PRIMARY KEY (source, shard))',
  );
  const find = database.prepare('SELECT after, closed FROM florin_positions WHERE source = ? AND shard = ?');
  const save = database.prepare('INSERT OR REPLACE INTO florin_positions VALUES (?, ?, ?, ?)');
  return {
    find(source, shardId) {
      const row = find.get(source, shardId) as { after: string | null; closed: number } | undefined;
      return row && { ...(row.after !== null && { after: row.after }), isClosed: row.closed === 1 };
    },
    save(source, shardId, { after, isClosed }) {
      save.run(source, shardId, after ?? null, Number(isClosed));
    },
    close: () => database.close(),
  };
}
