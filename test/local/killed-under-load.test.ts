import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditOverApi } from '../support/api-books.ts';
import { ApiClient } from '../support/api-client.ts';
import { type RuntimeProcess, startEmbeddedProcess } from '../support/embedded.ts';

const asset = 'USD/2';
const accounts = ['bank', ...Array.from({ length: 6 }, (_, i) => `user${i}`)];
const clients = 16;
const transfersEach = 25;
const answersBeforeTheKill = 120;

let dataFolder: string;
let runtime: RuntimeProcess;
beforeAll(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'florin-killed-'));
  runtime = await startEmbeddedProcess({ dataFolder, seed: false });
  const api = new ApiClient(runtime.url, runtime.apiKey);
  await api.settle('/v1/assets', { code: asset });
  for (const id of accounts) await api.settle('/v1/accounts', { id, unbounded: id === 'bank' });
  for (const id of accounts.slice(1)) {
    await api.settle('/v1/transfers', { source: 'bank', destination: id, asset, amount: 10_000 });
  }
});
afterAll(async () => {
  await runtime?.stop();
  await rm(dataFolder, { recursive: true, force: true });
});

interface Request {
  readonly key: string;
  readonly body: {
    readonly source: string;
    readonly destination: string;
    readonly asset: string;
    readonly amount: number;
  };
}

describe('a runtime killed with SIGKILL under load', () => {
  it.each([1, 2])(
    'has exact books after the restart and the retries (kill %i)',
    async () => {
      const requests: Request[] = Array.from({ length: clients * transfersEach }, (_, i) => ({
        key: randomUUID(),
        body: {
          source: accounts[1 + (i % 6)] as string,
          destination: accounts[1 + ((i + 1 + (i % 5)) % 6)] as string,
          asset,
          amount: 1 + (i % 9),
        },
      }));
      const before = await balances();
      const { answered, unanswered } = await loadUntilKilled(requests);
      expect(answered.size).toBeGreaterThanOrEqual(answersBeforeTheKill);
      expect(unanswered.length).toBeGreaterThan(0);

      runtime = await startEmbeddedProcess({ dataFolder, seed: false });
      const api = new ApiClient(runtime.url, runtime.apiKey);
      // What was answered is still so, to the letter; what was not is asked again, and gets its one effect.
      for (const [request, text] of answered) {
        const again = await api.settle('/v1/transfers', request.body, request.key);
        expect([again.headers.get('idempotent-replayed'), again.text]).toEqual(['true', text]);
      }
      const late = await Promise.all(unanswered.map(({ body, key }) => api.settle('/v1/transfers', body, key)));
      expect(late.every(({ status }) => status === 201)).toBe(true);

      const after = await balances();
      for (const id of accounts) {
        const change = requests.reduce((sum, { body }) => sum + BigInt(signOf(body, id) * body.amount), 0n);
        expect([id, BigInt(after.get(id) ?? 0)]).toEqual([id, BigInt(before.get(id) ?? 0) + change]);
      }
      expect(await auditOverApi(api, accounts, asset)).toEqual([]);
    },
    180_000,
  );
});

function signOf({ source, destination }: Request['body'], id: string): number {
  if (source === id) return -1;
  return destination === id ? 1 : 0;
}

async function balances(): Promise<Map<string, string>> {
  const api = new ApiClient(runtime.url, runtime.apiKey);
  const read = accounts.map(
    async (id): Promise<[string, string]> => [id, (await api.get(`/v1/accounts/${id}/balances/USD.2`)).body.posted],
  );
  return new Map(await Promise.all(read));
}

/** Runs all requests and kills the runtime once enough were answered, while the others are on their way. */
async function loadUntilKilled(requests: readonly Request[]) {
  const api = new ApiClient(runtime.url, runtime.apiKey);
  const answered = new Map<Request, string>();
  const queue = [...requests];
  let killed: Promise<void> | undefined;
  const client = async () => {
    for (let request = queue.shift(); request && !killed; request = queue.shift()) {
      try {
        const { status, text } = await api.post('/v1/transfers', request.body, { key: request.key });
        if (status === 201) answered.set(request, text);
      } catch {
        // The connection broke: nobody knows what became of it, which is what this test is about.
      }
      if (answered.size >= answersBeforeTheKill) killed ??= runtime.kill();
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  await killed;
  return { answered, unanswered: requests.filter((request) => !answered.has(request)) };
}
