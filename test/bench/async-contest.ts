import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { Contestant } from './contestant.ts';
import { createFlorinAccounts, sendAll } from './florin/florin-ledger.ts';
import { startFlorin } from './florin/start-florin.ts';
import type { BenchRequest } from './http-connection.ts';
import { HttpConnection } from './http-connection.ts';
import type { BenchOptions } from './options.ts';
import { busyAccounts, hotAccount } from './population.ts';
import { asyncTransfer, type TransferMaker, transfersAmong, transfersFromOne } from './workloads.ts';

const CLIENTS = 8;
const ACCOUNTS = 100;
const UNTIL_APPLIED_MS = 600_000;
const LOOK_EVERY_MS = 200;

/** What one load of transfers came to: accepted first and applied later, against the same load executed at once. */
export type AsyncMeasurement = {
  readonly title: string;
  readonly transfers: number;
  /** Executed at once, by the same clients in the same run: what the others are compared with. */
  readonly atOncePerSecond: number;
  readonly acceptedPerSecond: number;
  /** From the first acceptance to the last transfer applied, all lines empty. */
  readonly appliedPerSecond: number;
  /** Answering `202`, in ms. */
  readonly acceptP50: number;
  readonly acceptP99: number;
  /** From acceptance to being applied, by the times that the transactions themselves carry, in ms. */
  readonly waitP50: number;
  readonly waitP99: number;
};

const accepted = z.object({ id: z.string(), createdAt: z.iso.datetime() });
const settled = z.object({ status: z.string(), createdAt: z.iso.datetime() });
const line = z.object({ data: z.array(z.unknown()) });

/**
 * Accepts many transfers and waits until all of them are applied: 10,000 among a hundred accounts, and 2,000 from one hot source. The
 * same number is executed at once before, as the peer. In the end every transfer must be posted, and the sums be zero.
 */
export async function runAsyncContest(options: BenchOptions, folder: string): Promise<readonly AsyncMeasurement[]> {
  if (!options.only.has('async')) return [];
  const florin = await startFlorin({ name: 'Florin', folder: join(folder, 'async') });
  try {
    const among = busyAccounts.slice(0, ACCOUNTS);
    await createFlorinAccounts(florin, [hotAccount, ...among]);
    const measurements = [
      await measure(florin, 'among 100 accounts', 10_000, transfersAmong(among), among),
      await measure(florin, 'from one hot source', 2_000, transfersFromOne(hotAccount, among), [hotAccount]),
    ];
    const sums = await florin.sums();
    if (sums.some((sum) => sum !== 0n)) throw new Error(`The sums are ${sums.join(', ')} and not zero.`);
    return measurements;
  } finally {
    await florin.stop();
  }
}

async function measure(
  florin: Contestant,
  title: string,
  transfers: number,
  make: TransferMaker,
  sources: readonly string[],
): Promise<AsyncMeasurement> {
  process.stderr.write(`${transfers} transfers ${title}\n`);
  const atOnce = await sendTimed(
    florin,
    Array.from({ length: transfers }, (_, n) => make(`at-once-${transfers}`, n)),
    201,
  );
  const requests = Array.from({ length: transfers }, (_, n) => asyncTransfer(make(`async-${transfers}`, n)));
  const startedAt = performance.now();
  const { answers, latencies, perSecond } = await sendTimed(florin, requests, 202);
  await allApplied(florin, sources);
  const seconds = (performance.now() - startedAt) / 1_000;
  const waits = await readWaits(florin, answers);
  return {
    title,
    transfers,
    atOncePerSecond: atOnce.perSecond,
    acceptedPerSecond: perSecond,
    appliedPerSecond: transfers / seconds,
    acceptP50: share(latencies, 0.5),
    acceptP99: share(latencies, 0.99),
    waitP50: share(waits, 0.5),
    waitP99: share(waits, 0.99),
  };
}

/** Sends all requests from the clients, each its next one when the last is answered. */
async function sendTimed(florin: Contestant, requests: readonly BenchRequest[], expectedStatus: number) {
  const queue = requests.entries();
  const answers: string[] = [];
  const latencies: number[] = [];
  const work = async (connection: HttpConnection): Promise<void> => {
    for (const [, request] of queue) {
      const sentAt = performance.now();
      const { status, body } = await connection.send(request);
      if (status !== expectedStatus) throw new Error(`${request.path} was answered ${status}: ${body.slice(0, 500)}`);
      latencies.push(performance.now() - sentAt);
      answers.push(body);
    }
  };
  const connections = await Promise.all(
    Array.from({ length: CLIENTS }, () => HttpConnection.open(florin.url, florin.apiKey)),
  );
  const startedAt = performance.now();
  try {
    await Promise.all(connections.map(work));
  } finally {
    for (const connection of connections) connection.close();
  }
  return { answers, latencies, perSecond: requests.length / ((performance.now() - startedAt) / 1_000) };
}

/** Resolves when nothing waits any more in the lines of the sources. */
async function allApplied(florin: Contestant, sources: readonly string[]): Promise<void> {
  const deadline = Date.now() + UNTIL_APPLIED_MS;
  let waiting = sources;
  while (waiting.length > 0) {
    const requests = waiting.map((id): BenchRequest => ({ method: 'GET', path: `/v1/accounts/${id}/pending?limit=1` }));
    const answers = await sendAll(florin, requests);
    waiting = waiting.filter((_, index) => line.parse(JSON.parse(answers[index]?.body ?? '')).data.length > 0);
    if (Date.now() > deadline) throw new Error(`After ${UNTIL_APPLIED_MS} ms transfers still wait in ${waiting}.`);
    if (waiting.length > 0) await sleep(LOOK_EVERY_MS);
  }
}

/** How long each transfer waited, in ms. @throws Error for one that was not posted */
async function readWaits(florin: Contestant, answers: readonly string[]): Promise<number[]> {
  const waiting = answers.map((body) => accepted.parse(JSON.parse(body)));
  const reads = waiting.map(({ id }): BenchRequest => ({ method: 'GET', path: `/v1/transactions/${id}` }));
  const results = await sendAll(florin, reads);
  return waiting.map(({ id, createdAt: acceptedAt }, index) => {
    const { status, createdAt } = settled.parse(JSON.parse(results[index]?.body ?? ''));
    if (status !== 'posted') throw new Error(`${id} is ${status}.`);
    return Date.parse(createdAt) - Date.parse(acceptedAt);
  });
}

function share(values: readonly number[], part: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
