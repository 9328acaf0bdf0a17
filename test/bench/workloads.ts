import { seededRandom } from '../support/seeded-random.ts';
import type { BenchRequest } from './http-connection.ts';
import { assetCode, busyAccounts, hotAccount, idleAccounts, pageLength } from './population.ts';

/** A kind of load, the same for every side. */
export type Workload = {
  /** What `--only` names it by. */
  readonly group: 'random' | 'hot' | 'spread' | 'replay' | 'balance' | 'access' | 'history';
  readonly title: string;
  readonly clients: number;
  readonly expectedStatus: number;
  /** Makes the requests of one run; keys carry `run`, so that no two runs share one. */
  requests(run: string): () => BenchRequest;
};

const SEED = 20_261_121;
const REPLAYED_KEYS = 500;

export const transferWorkloads: readonly Workload[] = [
  ...[1, 8, 32].map((clients) => randomTransfers(clients)),
  ...[8, 32].map((clients) => hotTransfers(clients)),
];

export const spreadWorkload: Workload = {
  group: 'spread',
  title: 'top-ups from one treasury',
  clients: 32,
  expectedStatus: 201,
  requests: (run) => {
    const draw = seededRandom(SEED);
    let sent = 0;
    return () => {
      sent += 1;
      const body = JSON.stringify({ asset: assetCode, amount: '1', description: 'bench' });
      const path = `/v1/accounts/${encodeURIComponent(pickFrom(busyAccounts, draw))}/top-ups`;
      return { method: 'POST', path, idempotencyKey: `spread-${run}-${sent}`, body };
    };
  },
};

export const replayWorkload: Workload = {
  group: 'replay',
  title: 'replay of known keys',
  clients: 8,
  expectedStatus: 201,
  requests: () => {
    const draw = seededRandom(SEED);
    return () => replayedTransfer(Math.floor(draw() * REPLAYED_KEYS));
  },
};

/** The requests that `replayWorkload` repeats; to be sent once to each side before. */
export function replayedTransfers(): BenchRequest[] {
  return Array.from({ length: REPLAYED_KEYS }, (_, n) => replayedTransfer(n));
}

export const balanceWorkload: Workload = {
  group: 'balance',
  title: 'balance read',
  clients: 8,
  expectedStatus: 200,
  requests: () => {
    const draw = seededRandom(SEED);
    return () => ({ method: 'GET', path: balancePath(pickFrom(busyAccounts, draw)) });
  },
};

/** What is cheapest shows best what the access check adds; what is usual shows what that comes to. */
export const accessWorkloads: readonly Workload[] = [
  { ...balanceWorkload, group: 'access' },
  { ...randomTransfers(8), group: 'access' },
];

export const historyWorkload: Workload = {
  group: 'history',
  title: `newest ${pageLength} entries`,
  clients: 8,
  expectedStatus: 200,
  requests: () => {
    const draw = seededRandom(SEED);
    return () => ({ method: 'GET', path: entriesPath(pickFrom(idleAccounts, draw)) });
  },
};

export function balancePath(account: string): string {
  return `/v1/accounts/${encodeURIComponent(account)}/balances/${encodeURIComponent(assetCode)}`;
}

export function entriesPath(account: string): string {
  const query = new URLSearchParams({ asset: assetCode, limit: String(pageLength) });
  return `/v1/accounts/${encodeURIComponent(account)}/entries?${query}`;
}

function randomTransfers(clients: number): Workload {
  return {
    group: 'random',
    title: 'transfers, random accounts',
    clients,
    expectedStatus: 201,
    requests: (run) => {
      const draw = seededRandom(SEED + clients);
      let sent = 0;
      return () => {
        sent += 1;
        const source = pickFrom(busyAccounts, draw);
        return transfer(`random-${clients}-${run}-${sent}`, source, pickOther(source, draw));
      };
    },
  };
}

function hotTransfers(clients: number): Workload {
  return {
    group: 'hot',
    title: 'transfers, one hot source',
    clients,
    expectedStatus: 201,
    requests: (run) => {
      const draw = seededRandom(SEED + clients);
      let sent = 0;
      return () => {
        sent += 1;
        return transfer(`hot-${clients}-${run}-${sent}`, hotAccount, pickFrom(busyAccounts, draw));
      };
    },
  };
}

/** Makes the n-th transfer of a run. */
export type TransferMaker = (run: string, n: number) => BenchRequest;

/** Transfers among accounts, each the source as often as any other. */
export function transfersAmong(accounts: readonly string[]): TransferMaker {
  const draw = seededRandom(SEED);
  return (run, n) => {
    const source = accounts[n % accounts.length] ?? '';
    let destination = source;
    while (destination === source) destination = pickFrom(accounts, draw);
    return transfer(`${run}-${n}`, source, destination);
  };
}

/** Transfers from one account to others. */
export function transfersFromOne(source: string, destinations: readonly string[]): TransferMaker {
  const draw = seededRandom(SEED);
  return (run, n) => transfer(`${run}-${n}`, source, pickFrom(destinations, draw));
}

/** The same transfer, to be accepted and executed later. */
export function asyncTransfer(request: BenchRequest): BenchRequest {
  return { ...request, prefer: 'respond-async' };
}

function replayedTransfer(n: number): BenchRequest {
  const draw = seededRandom(SEED + n);
  const source = pickFrom(busyAccounts, draw);
  return transfer(`replayed-${n}`, source, pickOther(source, draw));
}

function transfer(idempotencyKey: string, source: string, destination: string): BenchRequest {
  const body = JSON.stringify({ source, destination, asset: assetCode, amount: '1', description: 'bench' });
  return { method: 'POST', path: '/v1/transfers', idempotencyKey, body };
}

function pickFrom(from: readonly string[], draw: () => number): string {
  const picked = from[Math.floor(draw() * from.length)];
  if (picked === undefined) throw new RangeError('Nothing to pick from.');
  return picked;
}

function pickOther(than: string, draw: () => number): string {
  for (;;) {
    const picked = pickFrom(busyAccounts, draw);
    if (picked !== than) return picked;
  }
}
