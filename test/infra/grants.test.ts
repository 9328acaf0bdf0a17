import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Area, areas } from '../../infra/areas.ts';
import { workers } from '../../infra/workers.ts';
import { Ledger } from '../../lib/dynamodb/index.ts';
import type { AreaHandler } from '../../lib/http/index.ts';
import { routeKey } from '../../lib/http/route.ts';
import { routes } from '../../lib/http/routes.ts';
import { type AccountId, type AssetCode, createHold, type TenantId } from '../../lib/ledger/index.ts';
import { type Call, callWith } from '../functions/api.ts';
import { lambdaContext } from '../functions/proxy-event.ts';
import type { ProxiedCall } from '../support/fault-proxy.ts';
import type { Fault } from '../support/faults.ts';
import { type Recording, startRecording } from './recording.ts';
import { namedGrants } from './table-grants.ts';

/**
 * No emulator checks permissions, so a missing grant would show in production only. Here the real functions do all they can do, what they ask of
 * DynamoDB is recorded and turned into the actions that IAM would check, and those are compared with what the stack grants.
 */
let recording: Recording;
const used = new Map<Area, Set<string>>();
/** The statuses that each operation answered with. */
const statuses = new Map<string, Set<number>>();

beforeAll(async () => {
  recording = await startRecording();
  await doEverything(
    callWith({
      assets: recorded('assets', (await import('../../functions/assets/index.ts')).handler),
      accounts: recorded('accounts', (await import('../../functions/accounts/index.ts')).handler),
      transactions: recorded('transactions', (await import('../../functions/transactions/index.ts')).handler),
      fees: recorded('fees', (await import('../../functions/fees/index.ts')).handler),
      reports: recorded('reports', (await import('../../functions/reports/index.ts')).handler),
      audit: recorded('audit', (await import('../../functions/audit/index.ts')).handler),
      holds: recorded('holds', (await import('../../functions/holds/index.ts')).handler),
      privacy: recorded('privacy', (await import('../../functions/privacy/index.ts')).handler),
    }),
  );
});
afterAll(() => recording.stop());

/** The handler; what it asks of tables and queues counts as used by its area. */
function recorded(area: Area, handler: AreaHandler): AreaHandler {
  return async (event, context) => {
    let result: Awaited<ReturnType<AreaHandler>> | undefined;
    const actions = await recording.during(async () => {
      result = await handler(event, context);
    });
    if (!result) throw new Error('the handler answered nothing');
    const key = `${event.httpMethod} ${event.resource}`;
    statuses.set(key, (statuses.get(key) ?? new Set()).add(result.statusCode));
    used.set(area, (used.get(area) ?? new Set()).union(new Set(actions)));
    return result;
  };
}

/** Lets one write of the ledger table fail in one way while something is done. */
async function amid(fault: Fault, act: () => Promise<unknown>): Promise<void> {
  const { rules } = recording.proxy;
  rules.push({
    fault,
    operation: ['TransactWriteItems', 'PutItem'],
    matches: ({ body }) => JSON.stringify(body).includes(recording.database.tables.ledger),
    count: 1,
  });
  await act();
  rules.length = 0;
}

const faults: readonly Fault[] = [{ kind: 'conflict' }, { kind: 'throttle' }, { kind: 'dropAnswer' }];

/** Calls every operation, with success, replay, refusal and trouble. */
async function doEverything(call: Call): Promise<void> {
  const gold = { asset: 'GOLD', amount: '10' };
  await call('POST', '/v1/assets', { code: 'GOLD' }, { key: 'gold' });
  await call('POST', '/v1/assets', { code: 'GOLD' }, { key: 'gold' });
  await call('POST', '/v1/assets', { code: 'GOLD' }, { key: 'gold again' });
  await call('GET', '/v1/assets');
  for (const id of ['system:external', 'system:treasury', 'system:revenue']) {
    await call('POST', '/v1/accounts', { id, unbounded: true }, { key: id });
    await call('POST', '/v1/accounts', { id, unbounded: true }, { key: `${id} again` });
  }
  await call('POST', '/v1/accounts', { floors: { GOLD: '-5' } }, { key: 'nameless' });
  for (const id of ['ada', 'bob']) await call('POST', '/v1/accounts', { id }, { key: id });
  for (const flow of ['deposits', 'top-ups', 'bonuses', 'spends', 'withdrawals']) {
    await call('POST', `/v1/accounts/ada/${flow}`, gold, { key: flow });
    await call('POST', `/v1/accounts/ada/${flow}`, gold, { key: flow });
  }
  const posted = await call('POST', '/v1/transfers', { source: 'ada', destination: 'bob', ...gold });
  await call('GET', `/v1/transactions/${posted.body.id}`);
  const headers = { Prefer: 'respond-async' };
  for (const key of ['later', 'later']) {
    await call('POST', '/v1/transfers', { source: 'ada', destination: 'bob', ...gold }, { key, headers });
  }
  await call('GET', '/v1/accounts/ada/pending');
  await call('POST', '/v1/transactions', { postings: [{ source: 'system:external', destination: 'bob', ...gold }] });
  await call('POST', `/v1/transactions/${posted.body.id}/reversals`, { amount: '1' });
  await call('POST', `/v1/transactions/${posted.body.id}/reversals`, { amount: '1', allowOverdraft: true });
  const wages = { transactions: [{ source: 'system:external', destination: 'bob', ...gold }] };
  for (const key of ['wages', 'wages']) await call('POST', '/v1/batches', wages, { key });
  const { body: hold } = await call('POST', '/v1/holds', { account: 'bob', ...gold }, { key: 'hold' });
  await call('POST', '/v1/holds', { account: 'bob', ...gold }, { key: 'hold' });
  await call('GET', `/v1/holds/${hold.id}`);
  await call('POST', `/v1/holds/${hold.id}/captures`, { destination: 'ada', amount: '4' });
  await call('POST', `/v1/holds/${hold.id}/captures`, { destination: 'ada', amount: '40' });
  await call('POST', `/v1/holds/${hold.id}/captures`, { destination: 'ada', amount: '1' }, { headers });
  await call('POST', `/v1/holds/${hold.id}/void`);
  await call('POST', `/v1/holds/${hold.id}/void`);
  // Where something is held, a want of funds is looked into.
  await call('POST', '/v1/holds', { account: 'ada', asset: 'GOLD', amount: '1' });
  await call('POST', '/v1/holds', { account: 'ada', asset: 'GOLD', amount: '1000000' });
  for (const key of ['too much', 'too much', 'too much for good']) {
    await call('POST', '/v1/accounts/ada/spends', { asset: 'GOLD', amount: '1000000' }, { key });
  }
  await call('POST', '/v1/accounts/nobody/deposits', gold);
  await call('POST', '/v1/accounts/ada/deposits', { asset: 'NONE', amount: '1' });
  await call('POST', '/v1/accounts/ada/deposits?dryRun=true', gold);
  const rule = { type: 'levy', asset: 'GOLD', flat: '1', payer: 'source', feeAccount: 'ada' };
  for (const key of ['fees', 'fees', 'fees again']) {
    await call('POST', '/v1/fee-schedules', { rules: [rule] }, { key });
  }
  await call('GET', '/v1/fee-schedules?limit=1');
  await call('GET', '/v1/fee-schedules/1');
  await call('GET', '/v1/accounts/ada/statements?asset=GOLD&from=2026-01-01T00:00:00Z');
  await call('GET', '/v1/entries?format=csv');
  await call('GET', '/v1/admin/trial-balance');
  await call('GET', '/v1/admin/checks');
  await call('GET', '/v1/admin/audit-log');
  await call('GET', '/v1/admin/audit-log/1');
  await call('GET', '/v1/admin/audit-log/export?from=2026-01-01T00:00:00Z');
  await call('GET', '/v1/accounts?limit=2');
  await call('GET', '/v1/accounts/ada');
  await call('GET', '/v1/accounts/ada/balances');
  await call('GET', '/v1/accounts/ada/balances/GOLD');
  await call('GET', '/v1/accounts/ada/balances/GOLD?at=2030-01-01T00:00:00Z');
  await call('GET', '/v1/accounts/ada/entries?limit=2');
  await call('GET', '/v1/accounts/ada/entries?asset=GOLD&limit=2');
  await call('PATCH', '/v1/accounts/ada', { floors: { GOLD: '-1' }, metadata: { a: 'b' } }, { key: 'floors' });
  await call('PATCH', '/v1/accounts/ada', { floors: { GOLD: '-1' }, metadata: { a: 'b' } }, { key: 'floors' });
  await call('PATCH', '/v1/accounts/bob', { status: 'closed' });
  await call('PATCH', '/v1/accounts/nobody', { status: 'closed' });
  const erasure = { reason: 'Erasure' };
  const batch = await call('POST', '/v1/batches', wages, { key: 'wages' });
  for (const id of [posted.body.id, batch.body.id]) await call('POST', `/v1/transactions/${id}/redaction`, erasure);
  for (const key of ['erase', 'erase']) await call('POST', `/v1/holds/${hold.id}/redaction`, erasure, { key });
  await call('POST', '/v1/accounts/ada/redaction', erasure);
  for (const fault of faults) {
    const code = `${fault.kind}`.toUpperCase();
    await amid(fault, () => call('POST', '/v1/assets', { code }, { key: fault.kind }));
    await amid(fault, () => call('POST', '/v1/accounts', { id: fault.kind }, { key: fault.kind }));
    await amid(fault, () => call('PATCH', '/v1/accounts/ada', { metadata: { a: fault.kind } }));
    await amid(fault, () => call('POST', '/v1/accounts/ada/deposits', gold, { key: fault.kind }));
    await amid(fault, () => call('POST', '/v1/holds', { account: 'bob', asset: 'GOLD', amount: '1' }));
    await amid(fault, () => call('POST', '/v1/accounts/ada/spends', { asset: 'GOLD', amount: '1000000' }));
  }
}

describe('the grants of audit-ledger', () => {
  const calls: ProxiedCall[] = [];
  let actions: readonly string[];
  beforeAll(async () => {
    const { handler } = await import('../../functions/workers/audit-ledger.ts');
    actions = await recording.during(async () => {
      // The second run reads what the first one kept; the third has to look at an account again.
      for (let run = 1; run <= 3; run++) await handler({}, lambdaContext(60_000));
    });
    calls.push(...recording.proxy.log);
  });

  it('are what its function uses, no less and no more', () => {
    expect(actions).toEqual(namedGrants(workers['audit-ledger']));
  });

  it('let it write what is its own, and nothing of the ledger', () => {
    const puts = calls.filter(({ operation }) => operation === 'PutItem');
    expect(puts.length).toBeGreaterThan(3);
    for (const { body } of puts) {
      const { PK } = body.Item as { readonly PK: { readonly S: string } };
      expect(PK.S).toMatch(/^AUDIT(#|$)/);
    }
  });
});

describe('the grants of release-expired-holds', () => {
  it('are what its function uses, no less and no more', async () => {
    const { handler } = await import('../../functions/workers/release-expired-holds.ts');
    const { tables, endpoint } = recording.database;
    const ledger = new Ledger({ table: tables.ledger, endpoint });
    const account = (id: string) => ({ account: id as AccountId, asset: 'SAND' as AssetCode, amount: 1n });
    const tenant = 'default' as TenantId;
    const keyApplied = { mark: 'sweep', requestHash: '' };
    await ledger.assets.create({ tenant, code: 'SAND' as AssetCode, keyApplied });
    await ledger.accounts.create({
      tenant,
      id: 'dune' as AccountId,
      unbounded: true,
      floors: new Map(),
      metadata: {},
      keyApplied,
    });
    for (const key of ['one', 'two']) {
      const command = createHold({ tenant, key, ...account('dune'), expiry: { expiresInSeconds: 1 } });
      expect(await ledger.execute(command, 5_000)).toMatchObject({ kind: 'settled' });
    }
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    const actions = await recording.during(() => handler({}, lambdaContext(60_000)));
    expect(actions).toEqual(namedGrants(workers['release-expired-holds']));
    expect((await ledger.balances.get(tenant, 'dune' as AccountId, 'SAND' as AssetCode)).held).toBe(0n);
    ledger.client.destroy();
  });
});

const recordedAreas: readonly Area[] = [
  'assets',
  'accounts',
  'transactions',
  'holds',
  'fees',
  'reports',
  'audit',
  'privacy',
];

describe('the recording', () => {
  it('saw every operation of its areas succeed', () => {
    const succeeded = [...statuses].filter(([, all]) => [...all].some((status) => status < 300)).map(([key]) => key);
    expect(succeeded.sort()).toEqual(
      routes
        .filter(({ area }) => recordedAreas.includes(area))
        .map(routeKey)
        .sort(),
    );
  });
});

describe.each(recordedAreas)('the grants of %s', (area) => {
  const usedOf = (isIdempotency: boolean) =>
    [...(used.get(area) ?? [])].filter((action) => action.endsWith(' on Idempotency') === isIdempotency).sort();

  it('are what its function uses of tables and queues, no less and no more', () => {
    expect(usedOf(false)).toEqual(namedGrants(areas[area]));
  });

  // Powertools documents four actions, of which it uses some only when something goes wrong in it.
  it('hold what its function uses of the idempotency table', () => {
    const granted = areas[area].replays ? ['DeleteItem', 'GetItem', 'PutItem', 'UpdateItem'] : [];
    const expected = granted.map((action) => `dynamodb:${action} on Idempotency`);
    expect(expected).toEqual(expect.arrayContaining(usedOf(true)));
    expect(usedOf(true).length > 0).toBe(areas[area].replays ?? false);
  });
});
