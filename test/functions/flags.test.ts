import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { isMutation } from '../../lib/http/route.ts';
import { routes } from '../../lib/http/routes.ts';
import { holdIdOf, recordIdOf, type TenantId } from '../../lib/ledger/index.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { type Call, flagsParameter, loadFunctions, startApi, type TestApi } from './api.ts';

let api: TestApi;
let proxy: FaultProxy;
beforeAll(async () => {
  api = await startApi();
  proxy = await startFaultProxy({ target: api.database.endpoint });
  process.env.AWS_ENDPOINT_URL_DYNAMODB = proxy.url;
});
afterAll(async () => {
  await proxy.stop();
  await api.stop();
});

/** New instances of the functions, which find these flags when they first look. */
async function instancesThatFind(flags: unknown): Promise<Call> {
  api.parameters.parameters.set(flagsParameter, JSON.stringify(flags));
  jest.resetModules();
  return loadFunctions();
}

type MutationId = Exclude<(typeof routes)[number], { readonly method: 'GET' }>['operationId'];
type Request = readonly [method: string, path: string, body: unknown];

const gold = { asset: 'GOLD', amount: '1' };
/** The hold that is made first of all, which is captured once and can then not be voided. */
const holdPath = `/v1/holds/${holdIdOf(recordIdOf('default' as TenantId, 'default:createHold'))}`;
const webhookPath = `/v1/webhooks/wh_${'a'.repeat(26)}`;
const clientPath = `/v1/admin/clients/cli_${'a'.repeat(26)}`;
const monitorPath = `/v1/accounts/ada/monitors/mon_${'a'.repeat(26)}`;
const deadLetterPath = `/v1/admin/dead-letters/dl_${'1'.repeat(13)}${'a'.repeat(26)}`;
/** A request to every operation that changes something; one that is missing does not compile. */
const mutations: Readonly<Record<MutationId, Request>> = {
  createAsset: ['POST', '/v1/assets', { code: 'SILVER' }],
  createAccount: ['POST', '/v1/accounts', { id: 'eve' }],
  updateAccount: ['PATCH', '/v1/accounts/ada', { metadata: { a: 'b' } }],
  createDeposit: ['POST', '/v1/accounts/ada/deposits', gold],
  createWithdrawal: ['POST', '/v1/accounts/ada/withdrawals', gold],
  createTopUp: ['POST', '/v1/accounts/ada/top-ups', gold],
  createBonus: ['POST', '/v1/accounts/ada/bonuses', gold],
  createSpend: ['POST', '/v1/accounts/ada/spends', gold],
  createTransfer: ['POST', '/v1/transfers', { source: 'ada', destination: 'bob', ...gold }],
  createTransaction: ['POST', '/v1/transactions', { postings: [{ source: 'ada', destination: 'bob', ...gold }] }],
  createReversal: ['POST', `/v1/transactions/tx_${'a'.repeat(52)}/reversals`, {}],
  createBatch: ['POST', '/v1/batches', { transactions: [{ source: 'ada', destination: 'bob', ...gold }] }],
  createFeeSchedule: ['POST', '/v1/fee-schedules', { rules: [] }],
  createHold: ['POST', '/v1/holds', { account: 'ada', ...gold }],
  captureHold: ['POST', `${holdPath}/captures`, { destination: 'bob' }],
  voidHold: ['POST', `${holdPath}/void`, undefined],
  createMonitor: ['POST', '/v1/accounts/ada/monitors', { asset: 'GOLD', below: '5' }],
  updateMonitor: ['PATCH', monitorPath, { description: 'Low' }],
  deleteMonitor: ['DELETE', monitorPath, undefined],
  reprocessDeadLetter: ['POST', `${deadLetterPath}/reprocess`, undefined],
  reprocessDeadLetters: ['POST', '/v1/admin/dead-letters/reprocess', { filter: {} }],
  discardDeadLetter: ['POST', `${deadLetterPath}/discard`, { reason: 'Repaired' }],
  createWebhook: ['POST', '/v1/webhooks', { url: 'https://example.com/hook' }],
  updateWebhook: ['PATCH', webhookPath, { types: [] }],
  rotateWebhookSecret: ['POST', `${webhookPath}/rotate-secret`, {}],
  pingWebhook: ['POST', `${webhookPath}/ping`, undefined],
  replayDelivery: ['POST', `${webhookPath}/deliveries/dlv_000000000001${'a'.repeat(26)}/replay`, undefined],
  replayEvents: ['POST', `${webhookPath}/replays`, { from: '1', to: '2' }],
  deleteWebhook: ['DELETE', webhookPath, undefined],
  createClient: ['POST', '/v1/admin/clients', { name: 'Billing' }],
  updateClient: ['PATCH', clientPath, { name: 'Books' }],
  rotateClientKey: ['POST', `${clientPath}/rotate-key`, {}],
  revokeClient: ['POST', `${clientPath}/revoke`, {}],
  redactTransaction: ['POST', `/v1/transactions/tx_${'a'.repeat(52)}/redaction`, { reason: 'Erasure' }],
  redactHold: ['POST', `${holdPath}/redaction`, { reason: 'Erasure' }],
  redactAccount: ['POST', '/v1/accounts/ada/redaction', { reason: 'Erasure' }],
};
const ids = Object.keys(mutations) as MutationId[];
/**
 * Eight lists of operations. Each operation is on four of them, and no two are on the same four: of any two, each is somewhere named without
 * the other. So if one is taken for the other, one list at least refuses too much or too little.
 */
const fours = Array.from({ length: 2 ** 8 }, (_, bits) => bits.toString(2).padStart(8, '0'))
  .filter((lists) => lists.replaceAll('0', '').length === 4)
  .slice(0, ids.length);
const namings = Array.from({ length: 8 }, (_, list) => ids.filter((_, index) => fours[index]?.[list] === '1'));
const reads = [
  '/v1/assets',
  '/v1/accounts',
  '/v1/accounts/ada',
  '/v1/accounts/ada/balances',
  '/v1/accounts/ada/entries',
];

/** The mutations that are refused as switched off, each with a key of its own; all the others must have gone through. */
async function refused(call: Call, run: string): Promise<MutationId[]> {
  const off: MutationId[] = [];
  for (const id of ids) {
    const [method, path, body] = mutations[id];
    const answer = await call(method, path, body, { key: `${run}:${id}` });
    if (answer.status === 503) {
      expect(answer).toMatchObject({ headers: { 'Retry-After': '60' }, body: { code: 'unavailable' } });
      off.push(id);
    } else {
      // What exists already, or does not exist, is an answer of the operation itself.
      expect([200, 201, 404, 409]).toContain(answer.status);
    }
  }
  return off;
}

describe('the feature flags', () => {
  let firstTransfer: Awaited<ReturnType<Call>>;

  it('forbid nothing by default', async () => {
    const call = await instancesThatFind({});
    await call('POST', '/v1/assets', { code: 'GOLD' });
    for (const id of ['system:external', 'system:treasury', 'system:revenue', 'ada', 'bob']) {
      await call('POST', '/v1/accounts', { id, unbounded: id.startsWith('system:') });
    }
    await call('POST', '/v1/accounts/ada/deposits', { asset: 'GOLD', amount: '1000' });
    expect(await refused(call, 'default')).toEqual([]);
    firstTransfer = await call(...mutations.createTransfer, { key: 'default:createTransfer' });
    expect(firstTransfer).toMatchObject({ status: 201, headers: { 'Idempotent-Replayed': 'true' } });
  });

  it('have a request here for every operation that changes something', () => {
    expect([...ids].sort()).toEqual(
      routes
        .filter(isMutation)
        .map(({ operationId }) => operationId)
        .sort(),
    );
  });

  it('refuse every change while writes are off: nothing is written, read or replayed', async () => {
    const call = await instancesThatFind({ acceptWrites: false });
    const before = await api.contents();
    proxy.log.length = 0;
    expect(await refused(call, 'off')).toEqual(ids);
    expect(await refused(call, 'default')).toEqual(ids);
    await proxy.settled();
    expect(proxy.log).toEqual([]);
    expect(await api.contents()).toEqual(before);
  });

  it('let reads go on while writes are off, and cost them no call', async () => {
    const call = await instancesThatFind({ acceptWrites: false });
    api.parameters.asked.length = 0;
    for (const path of reads) expect((await call('GET', path)).status).toBe(200);
    expect((await call('GET', `/v1/transactions/${firstTransfer.body.id}`)).status).toBe(200);
    expect(api.parameters.asked).toEqual([]);
  });

  it('leave the key of a refused request free, and answers of before replayable', async () => {
    const call = await instancesThatFind({});
    const [method, path, body] = mutations.createTransfer;
    const retried = await call(method, path, body, { key: 'off:createTransfer' });
    expect(retried.status).toBe(201);
    expect(retried.headers).not.toHaveProperty('Idempotent-Replayed');
    expect((await call(method, path, body, { key: 'default:createTransfer' })).text).toBe(firstTransfer.text);
  });

  it.each([...namings, ['createTransfer']].map((named, list) => ({ list, named })))(
    'refuse the operations named, and no other (list $list)',
    async ({ list, named }) => {
      const call = await instancesThatFind({ disabledOperations: [...named, 'getAccount', 'createNothing'] });
      expect(await refused(call, `list-${list}`)).toEqual(named);
      for (const path of reads) expect((await call('GET', path)).status).toBe(200);
    },
  );

  it('are asked for once by each function, however many changes come', async () => {
    const call = await instancesThatFind({});
    api.parameters.asked.length = 0;
    await Promise.all(
      [...ids, ...ids].map((id, index) => {
        const [method, path, body] = mutations[id];
        return call(method, path, body, { key: `together-${index}` });
      }),
    );
    const functions = new Set(routes.filter(isMutation).map(({ area }) => area));
    expect(api.parameters.asked).toEqual([...functions].map(() => flagsParameter));
  });

  it('tell strangers nothing', async () => {
    const call = await instancesThatFind({ acceptWrites: false });
    api.parameters.asked.length = 0;
    expect((await call(...mutations.createTransfer, { bare: true })).status).toBe(401);
    expect(api.parameters.asked).toEqual([]);
  });

  it('stop nothing when the store cannot be reached', async () => {
    const call = await instancesThatFind({ acceptWrites: false });
    api.parameters.mood = 'fails';
    expect(await refused(call, 'unreachable')).toEqual([]);
    api.parameters.mood = 'answers';
  });

  it('stop every change when the store cannot be reached and another Region may be open', async () => {
    process.env.FLAGS_WHEN_UNREADABLE = 'closed';
    const call = await instancesThatFind({});
    process.env.FLAGS_WHEN_UNREADABLE = 'open';
    api.parameters.mood = 'fails';
    const before = await api.contents();
    expect(await refused(call, 'default')).toEqual(ids);
    for (const path of reads) expect((await call('GET', path)).status).toBe(200);
    expect(await api.contents()).toEqual(before);
    api.parameters.mood = 'answers';
  });
});
