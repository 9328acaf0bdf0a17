import { join } from 'node:path';
import { compete, type Measurement } from './contest.ts';
import type { Contestant } from './contestant.ts';
import { createFlorinAccounts, sendAll } from './florin/florin-ledger.ts';
import { startFlorin } from './florin/start-florin.ts';
import type { BenchOptions } from './options.ts';
import { createPeerDatabase } from './peer/peer-database.ts';
import type { PostgresCluster } from './peer/postgres-cluster.ts';
import { startPeer } from './peer/start-peer.ts';
import { transferAccounts } from './population.ts';
import { balanceWorkload, replayedTransfers, replayWorkload, transferWorkloads } from './workloads.ts';

export const florinName = 'Florin';
export const isolatesName = 'Florin, FLORIN_ISOLATES=4';
export const statementsName = 'Express + pg, 9 statements';
export const functionName = 'Express + pg, one SQL function';
const ISOLATES = 4;

/** Transfers, replays and balance reads, of every side on a ledger of a thousand accounts. */
export async function runTransferContest(
  options: BenchOptions,
  folder: string,
  cluster: PostgresCluster | undefined,
): Promise<readonly Measurement[]> {
  const workloads = [...transferWorkloads, replayWorkload, balanceWorkload].filter(({ group }) =>
    options.only.has(group),
  );
  if (workloads.length === 0) return [];
  await using running = new AsyncDisposableStack();
  const started = async (starting: Promise<Contestant>): Promise<Contestant> => {
    const contestant = await starting;
    running.defer(() => contestant.stop());
    return contestant;
  };

  process.stderr.write('Making a ledger of a thousand accounts on each side\n');
  const contestants: Contestant[] = [];
  for (const [name, isolates] of [
    [florinName, undefined],
    [isolatesName, ISOLATES],
  ] as const) {
    const florin = await started(
      startFlorin({ name, isolates, folder: join(folder, `transfers-${isolates ?? 'shared'}`) }),
    );
    await createFlorinAccounts(florin, transferAccounts);
    contestants.push(florin);
  }
  if (cluster !== undefined) {
    for (const [name, method] of [
      [statementsName, 'statements'],
      [functionName, 'function'],
    ] as const) {
      const database = `transfers_${method}`;
      await createPeerDatabase(cluster, database, transferAccounts);
      contestants.push(await started(startPeer({ name, method, database, cluster })));
    }
  }
  for (const contestant of contestants) await sendAll(contestant, replayedTransfers());

  const measurements: Measurement[] = [];
  for (const workload of workloads) measurements.push(...(await compete(workload, contestants, options)));
  return measurements;
}
