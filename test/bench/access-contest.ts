import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { compete, type Measurement } from './contest.ts';
import type { Contestant } from './contestant.ts';
import { createFlorinAccounts } from './florin/florin-ledger.ts';
import { startFlorin } from './florin/start-florin.ts';
import type { BenchOptions } from './options.ts';
import { busyAccounts } from './population.ts';
import { accessWorkloads } from './workloads.ts';

export const accessNames = {
  deployment: 'Florin, the key of the deployment',
  client: 'Florin, the key of a client with a rate',
};

/** More than this machine can be asked for, so that nobody is refused and what is measured is the check. */
const rate = { requestsPerSecond: 10_000, burst: 20_000 };

const madeClient = z.object({ key: z.string() });

/**
 * What the access check and the rate limit of a client cost, against the key of the deployment, which is only compared and has no limit. Each side
 * has a ledger of its own, since the same keys mean the same transfers.
 */
export async function runAccessContest(options: BenchOptions, folder: string): Promise<readonly Measurement[]> {
  if (!options.only.has('access')) return [];
  await using running = new AsyncDisposableStack();
  const contestants: Contestant[] = [];
  for (const [kind, credential] of [
    ['deployment', async ({ apiKey }: Contestant) => apiKey],
    ['client', keyOfClient],
  ] as const) {
    const florin = await startFlorin({ name: accessNames[kind], folder: join(folder, `access-${kind}`) });
    running.defer(() => florin.stop());
    await createFlorinAccounts(florin, busyAccounts);
    contestants.push({ ...florin, apiKey: await credential(florin) });
  }
  const measurements: Measurement[] = [];
  for (const workload of accessWorkloads) measurements.push(...(await compete(workload, contestants, options)));
  return measurements;
}

async function keyOfClient({ url, apiKey }: Contestant): Promise<string> {
  const answer = await fetch(`${url}/v1/admin/clients`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    body: JSON.stringify({ name: 'bench', roles: ['writer'], rate }),
  });
  if (answer.status !== 201) throw new Error(`No client could be made: ${answer.status} ${await answer.text()}`);
  return madeClient.parse(await answer.json()).key;
}
