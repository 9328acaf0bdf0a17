import { type BenchRequest, HttpConnection } from './http-connection.ts';

export type LoopOptions = {
  readonly url: string;
  readonly apiKey: string;
  /** Clients at once; each sends its next request when the last one is answered. */
  readonly clients: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
  readonly nextRequest: () => BenchRequest;
  /** The status of a success. */
  readonly expectedStatus: number;
};

export type LoopResult = {
  readonly perSecond: number;
  /** Latencies of the successes, in ms. */
  readonly p50: number;
  readonly p99: number;
  /** Requests the server turned away for now (429, 503): allowed, but not counted as work done. */
  readonly turnedAway: number;
  /** What the load generator itself took, in processors. */
  readonly generatorLoad: number;
};

const TURNED_AWAY: ReadonlySet<number> = new Set([429, 503]);

/**
 * Runs a closed loop of `clients` for the given time and measures it after the warm-up.
 *
 * @throws Error on any answer that is neither a success nor "not now": then the figures would mean nothing.
 */
export async function runClosedLoop(options: LoopOptions): Promise<LoopResult> {
  const { url, apiKey, clients, warmUpMs, durationMs } = options;
  const connections = await Promise.all(Array.from({ length: clients }, () => HttpConnection.open(url, apiKey)));
  const from = performance.now() + warmUpMs;
  const until = from + durationMs;
  const latencies: number[] = [];
  let turnedAway = 0;

  const runClient = async (connection: HttpConnection): Promise<void> => {
    for (let startedAt = performance.now(); startedAt < until; ) {
      const request = options.nextRequest();
      const answer = await connection.send(request);
      const endedAt = performance.now();
      // An answer counts in the window it arrives in, so that slow ones are not left out.
      const counts = endedAt >= from && endedAt < until;
      if (answer.status === options.expectedStatus) {
        if (counts) latencies.push(endedAt - startedAt);
      } else if (TURNED_AWAY.has(answer.status)) {
        if (counts) turnedAway += 1;
      } else {
        throw new Error(
          `${request.method} ${request.path} was answered ${answer.status}: ${answer.body.slice(0, 500)}`,
        );
      }
      startedAt = endedAt;
    }
  };

  const processorAtStart = process.cpuUsage();
  try {
    await Promise.all(connections.map(runClient));
  } finally {
    for (const connection of connections) connection.close();
  }
  const { user, system } = process.cpuUsage(processorAtStart);
  return {
    perSecond: latencies.length / (durationMs / 1_000),
    ...percentiles(latencies),
    turnedAway,
    generatorLoad: (user + system) / 1_000 / (warmUpMs + durationMs),
  };
}

function percentiles(latencies: readonly number[]): { p50: number; p99: number } {
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}
