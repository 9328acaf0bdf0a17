/**
 * `npm run bench`: measures the embedded runtime over HTTP and, where PostgreSQL is installed, the usual alternative beside it:
 * the same routes as an Express service on a cluster of its own. Figures depend on the machine; ratios in one run compare.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runAccessContest } from './access-contest.ts';
import { runAsyncContest } from './async-contest.ts';
import { type ColdImport, measureColdImports } from './cold-import.ts';
import { startFlorin } from './florin/start-florin.ts';
import { runHistoryContest } from './history-contest.ts';
import { type BenchOptions, readOptions, usage } from './options.ts';
import { findPostgres, type PostgresCluster, startPostgres } from './peer/postgres-cluster.ts';
import { measureMemory } from './process-memory.ts';
import { measureProcessorShare } from './process-time.ts';
import { formatAsync, formatColdImports, formatIdle, formatMeasurements, formatTargets, type Idle } from './report.ts';
import { runSpreadContest } from './spread-contest.ts';
import { florinName, runTransferContest } from './transfer-contest.ts';

/** What the start leaves behind is done by then. */
const UNTIL_IDLE_MS = 5_000;
/** Long enough for what runs each minute to have run. */
const IDLE_SECONDS = 120;

async function main(options: BenchOptions): Promise<void> {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'florin-bench-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  // PostgreSQL's user must be able to pass through.
  await chmod(folder, 0o711);

  const coldImports: readonly ColdImport[] = options.only.has('cold')
    ? await measureColdImports(join(folder, 'cold'))
    : [];
  const idle = options.only.has('memory') ? await measureIdle(folder) : undefined;
  const cluster = await startCluster(options, join(folder, 'postgres'));
  if (cluster !== undefined) cleanup.defer(() => cluster.stop());
  const measurements = [
    ...(await runTransferContest(options, folder, cluster)),
    ...(await runSpreadContest(options, folder)),
    ...(await runAccessContest(options, folder)),
    ...(await runHistoryContest(options, folder, cluster)),
  ];

  const asyncMeasurements = await runAsyncContest(options, folder);

  const { seconds, rounds } = options;
  if (coldImports.length > 0) console.log(`\n${formatColdImports(coldImports)}`);
  if (measurements.length > 0) {
    console.log(
      `\nMedians of ${rounds} rounds of ${seconds} s on ${availableParallelism()} processors, client included\n`,
    );
    console.log(formatMeasurements(measurements));
  }
  if (asyncMeasurements.length > 0) console.log(formatAsync(asyncMeasurements));
  if (idle !== undefined) console.log(formatIdle(idle));
  console.log(formatTargets(measurements, idle, coldImports));
  const generatorLoad = Math.max(0, ...measurements.map((measurement) => measurement.generatorLoad));
  if (measurements.length > 0)
    console.log(`The load generator took at most ${generatorLoad.toFixed(2)} of a processor.`);
}

async function startCluster(options: BenchOptions, folder: string): Promise<PostgresCluster | undefined> {
  const measured = [...options.only].some((group) => group !== 'memory' && group !== 'cold' && group !== 'async');
  if (!options.peers || !measured) return undefined;
  const programs = await findPostgres();
  if (programs !== undefined) return startPostgres(programs, folder);
  console.log('PostgreSQL (initdb, postgres) is not installed here, so only Florin is measured.');
  return undefined;
}

async function measureIdle(folder: string): Promise<Idle | undefined> {
  process.stderr.write('Starting the runtime and leaving it idle\n');
  const florin = await startFlorin({ name: florinName, folder: join(folder, 'idle') });
  try {
    await sleep(UNTIL_IDLE_MS);
    if (florin.processId === undefined) return undefined;
    const memory = await measureMemory(florin.processId);
    const processorShare = await measureProcessorShare(florin.processId, IDLE_SECONDS);
    return memory && processorShare !== undefined ? { ...memory, processorShare } : undefined;
  } finally {
    await florin.stop();
  }
}

let options: BenchOptions;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n${usage}`);
  process.exit(2);
}
await main(options);
