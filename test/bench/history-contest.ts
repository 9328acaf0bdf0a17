import { join } from 'node:path';
import { compete, type Measurement } from './contest.ts';
import type { Contestant } from './contestant.ts';
import { createFlorinAccounts, loadFlorinHistory } from './florin/florin-ledger.ts';
import { startFlorin } from './florin/start-florin.ts';
import type { BenchOptions } from './options.ts';
import { copyPeerDatabase, createPeerDatabase, dropAccountIndex, loadPeerHistory } from './peer/peer-database.ts';
import type { PostgresCluster } from './peer/postgres-cluster.ts';
import { startPeer } from './peer/start-peer.ts';
import { historyAccounts, historyPairs } from './population.ts';
import { historyWorkload } from './workloads.ts';

export const ledgerSizes = [1_000, 200_000] as const;
export type LedgerSize = (typeof ledgerSizes)[number];

/**
 * The sides whose history is read. The peer is measured both ways that occur: along an index of the account's own entries,
 * which is the best PostgreSQL can do and what a service written for this one query would have; and along the primary key,
 * which is how the ledgers that page through one global order (newest first, filtered by account) find a page, and what becomes
 * slower for an idle account with everything that others write. Both are reported; neither stands for the other.
 */
export const historyNames = {
  florin: (size: LedgerSize) => `Florin, ${sizeName(size)}`,
  accountIndex: (size: LedgerSize) => `Express + pg, index by account, ${sizeName(size)}`,
  globalIndex: (size: LedgerSize) => `Express + pg, global index, ${sizeName(size)}`,
} as const;

/** Reads the newest page of idle accounts, in a small and in a large ledger; all of them take turns. */
export async function runHistoryContest(
  options: BenchOptions,
  folder: string,
  cluster: PostgresCluster | undefined,
): Promise<readonly Measurement[]> {
  if (!options.only.has('history')) return [];
  await using running = new AsyncDisposableStack();
  const contestants: Contestant[] = [];
  for (const size of ledgerSizes) {
    process.stderr.write(`Writing ${size.toLocaleString('en')} entries on each side\n`);
    const florin = await startFlorin({ name: historyNames.florin(size), folder: join(folder, `history-${size}`) });
    running.defer(() => florin.stop());
    contestants.push(florin);
    await createFlorinAccounts(florin, historyAccounts);
    await loadFlorinHistory(florin, historyPairs(size));
    if (cluster === undefined) continue;
    for (const peer of await startPeers(cluster, size)) {
      running.defer(() => peer.stop());
      contestants.push(peer);
    }
  }
  // Awaited here, since leaving stops everything that runs.
  return await compete(historyWorkload, contestants, options);
}

async function startPeers(cluster: PostgresCluster, size: LedgerSize): Promise<readonly Contestant[]> {
  const [own, global] = [`history_${size}_own`, `history_${size}_global`];
  await createPeerDatabase(cluster, own, historyAccounts);
  await loadPeerHistory(cluster, own, historyPairs(size));
  await copyPeerDatabase(cluster, own, global);
  await dropAccountIndex(cluster, global);
  return [
    await startPeer({ cluster, name: historyNames.accountIndex(size), database: own, method: 'statements' }),
    await startPeer({ cluster, name: historyNames.globalIndex(size), database: global, method: 'statements' }),
  ];
}

function sizeName(size: LedgerSize): string {
  return `${size / 1_000} thousand entries`;
}
