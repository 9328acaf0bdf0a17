import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Contestant } from '../contestant.ts';
import { sumPeerBooks } from './peer-database.ts';
import type { PostgresCluster } from './postgres-cluster.ts';

/** Twice the default of pg: more than two processors can keep busy, since a commit mostly waits for the disk. */
const POOL_SIZE = 20;
const API_KEY = `flk_dev_${'0'.repeat(32)}`;

export type PeerOptions = {
  readonly name: string;
  readonly cluster: PostgresCluster;
  readonly database: string;
  readonly method: 'statements' | 'function';
};

/** Starts the peer's service in a process of its own, as it would run in production. */
export async function startPeer({ name, cluster, database, method }: PeerOptions): Promise<Contestant> {
  const service = fork(fileURLToPath(new URL('server.ts', import.meta.url)), {
    env: {
      NODE_ENV: 'production',
      PGHOST: cluster.socketFolder,
      PGUSER: cluster.user,
      PGDATABASE: database,
      PEER_METHOD: method,
      PEER_API_KEY_SHA256: createHash('sha256').update(API_KEY).digest('hex'),
      PEER_POOL_SIZE: String(POOL_SIZE),
    },
  });
  const exited = once(service, 'exit');
  const started = once(service, 'message') as Promise<[{ port: number }]>;
  const [first] = await Promise.race([
    started,
    exited.then(([code]) => Promise.reject(new Error(`${name} ended with ${code} while starting.`))),
  ]);
  return {
    name,
    url: `http://127.0.0.1:${first.port}`,
    apiKey: API_KEY,
    sums: () => sumPeerBooks(cluster, database),
    stop: async () => {
      if (service.connected) service.disconnect();
      await exited;
    },
  };
}
