import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiAnswer, ApiClient } from '../support/api-client.ts';
import type { TestRuntime } from '../support/embedded.ts';
import { sendToQueues } from '../support/queue-messages.ts';

/** Ids of what is there, by the name of the path variable. */
export type KnownIds = Readonly<Record<string, readonly string[]>>;

/** Nobody listens there, so nobody is called. */
export const nowhere = 'http://127.0.0.1:9/hook';
const patienceMs = 180_000;
export const asset = 'USD/2';

/** As many as there are operations on one of its kind, so that one that ends it does not keep the others from their work. */
const eachOf = <Made>(count: number, make: (n: number) => Promise<Made>): Promise<Made[]> =>
  Promise.all(Array.from({ length: count }, (_, n) => make(n)));

/** Makes some of each thing that a path can name. */
export async function knownIds(api: ApiClient, runtime: TestRuntime): Promise<KnownIds> {
  const made = async (path: string, body: unknown, status = 201): Promise<string> => {
    const answer = await api.post(path, body);
    if (answer.status !== status) throw new Error(`POST ${path} answered ${answer.status} ${answer.text}`);
    return answer.body.id;
  };
  const accounts = Array.from({ length: 16 }, (_, n) => `fuzz_${n}`);
  for (const id of accounts) {
    await made('/v1/accounts', { id });
    await made(`/v1/accounts/${id}/deposits`, { asset, amount: '1000000000' });
  }
  const [source = '', destination = ''] = accounts;
  const holds = await eachOf(6, () =>
    made('/v1/holds', { account: source, asset, amount: '500', expiresInSeconds: 3_600 }),
  );
  const webhooks = await eachOf(9, () => made('/v1/webhooks', { url: nowhere, types: ['hold.*'] }));
  await made('/v1/fee-schedules', { rules: [] });
  return {
    accountId: [...accounts, 'user_001', 'system:treasury'],
    asset: ['USD.2', 'GOLD_COINS'],
    transactionId: await eachOf(6, () => made('/v1/transfers', { source, destination, asset, amount: '100' })),
    holdId: holds,
    webhookId: webhooks,
    deliveryId: await eachOf(2, () => made(`/v1/webhooks/${webhooks[0]}/ping`, {}, 202)),
    monitorId: await eachOf(4, () => made(`/v1/accounts/${source}/monitors`, { asset, below: '1' })),
    clientId: await eachOf(6, (n) => made('/v1/admin/clients', { name: `fuzz ${n}`, roles: ['reader'] })),
    deadLetterId: await deadLetters(api, runtime, 6),
    recordNumber: ['1', '2'],
    version: ['1'],
    blockNumber: ['1', '2'],
    file: ['swagger-ui.css', 'favicon.svg'],
  };
}

/** Puts messages among those that could not be processed, as SQS would. */
async function deadLetters(api: ApiClient, runtime: TestRuntime, count: number) {
  for (let n = 0; n < count; n++) {
    const body = JSON.stringify({ tenant: 'default', account: `fuzz_${n}` });
    if ((await sendToQueues(runtime, 'LinesDeadLetters', body)) !== 1) throw new Error('no such queue');
  }
  const giveUpAt = Date.now() + patienceMs;
  for (;;) {
    const { body }: ApiAnswer = await api.get('/v1/admin/dead-letters?limit=100');
    const ids = body.data.map(({ id }: { readonly id: string }) => id);
    if (ids.length >= count) return ids;
    if (Date.now() > giveUpAt) throw new Error(`${ids.length} of ${count} dead letters were kept in time`);
    await sleep(100);
  }
}
