import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Area, areas } from '../../infra/areas.ts';
import type { TableNeeds } from '../../infra/function-needs.ts';
import { workers } from '../../infra/workers.ts';
import { Ledger } from '../../lib/dynamodb/index.ts';
import type { AreaHandler } from '../../lib/http/index.ts';
import { routeKey } from '../../lib/http/route.ts';
import { routes } from '../../lib/http/routes.ts';
import { type AccountId, type AssetCode, createHold, type TenantId } from '../../lib/ledger/index.ts';
import { apiKey, type Call, callWith, flagsParameter } from '../functions/api.ts';
import { lambdaContext } from '../functions/proxy-event.ts';
import { startDatabase, type TestDatabase } from '../support/dynoxide.ts';
import { type FaultProxy, type ProxiedCall, startFaultProxy } from '../support/fault-proxy.ts';
import type { Fault } from '../support/faults.ts';
import { startParameterStore, type TestParameterStore } from '../support/parameter-store.ts';
import { actionsOf } from './iam-actions.ts';

/**
 * No emulator checks permissions, so a missing grant would show in production only. Here the real functions do all they can do, what they ask of
 * DynamoDB is recorded and turned into the actions that IAM would check, and those are compared with what the stack grants.
 */
let database: TestDatabase;
let proxy: FaultProxy;
let parameters: TestParameterStore;
const used = new Map<Area, Set<string>>();
/** The statuses that each operation answered with. */
const statuses = new Map<string, Set<number>>();

beforeAll(async () => {
  database = await startDatabase();
  proxy = await startFaultProxy({ target: database.endpoint });
  parameters = await startParameterStore({ [flagsParameter]: '{}' });
  const { ledger, idempotency } = database.tables;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: proxy.url,
    AWS_ENDPOINT_URL_SSM: parameters.endpoint,
    FLAGS_PARAMETER: flagsParameter,
    FLAGS_WHEN_UNREADABLE: 'open',
    POWERTOOLS_METRICS_NAMESPACE: 'Florin/test',
    LEDGER_TABLE: ledger,
    IDEMPOTENCY_TABLE: idempotency,
    API_KEY_SHA256: createHash('sha256').update(apiKey).digest('hex'),
    POWERTOOLS_LOG_LEVEL: 'SILENT',
  });
  await doEverything(
    callWith({
      assets: recording('assets', (await import('../../functions/assets/index.ts')).handler),
      accounts: recording('accounts', (await import('../../functions/accounts/index.ts')).handler),
      transactions: recording('transactions', (await import('../../functions/transactions/index.ts')).handler),
      fees: recording('fees', (await import('../../functions/fees/index.ts')).handler),
      reports: recording('reports', (await import('../../functions/reports/index.ts')).handler),
      holds: recording('holds', (await import('../../functions/holds/index.ts')).handler),
    }),
  );
}, 60_000);
afterAll(async () => {
  await parameters.stop();
  await proxy.stop();
  await database.stop();
});

/** The handler; what it asks of DynamoDB counts as used by its area. */
function recording(area: Area, handler: AreaHandler): AreaHandler {
  return async (event, context) => {
    proxy.log.length = 0;
    const result = await handler(event, context);
    await proxy.settled();
    const key = `${event.httpMethod} ${event.resource}`;
    statuses.set(key, (statuses.get(key) ?? new Set()).add(result.statusCode));
    const actions = used.get(area) ?? new Set();
    for (const call of proxy.log) {
      for (const action of actionsOf(call)) actions.add(named(action));
    }
    used.set(area, actions);
    return result;
  };
}

/** What is granted on a table and its indexes, on all of its items or on some. */
function grantsOn(table: string, needs: TableNeeds = { actions: [] }): string[] {
  const { actions, narrowActions = [], indexes = [], scannedIndexes = [] } = needs;
  return [
    ...[...actions, ...narrowActions.flatMap((narrow) => narrow.actions)].map((action) => `${action} on ${table}`),
    ...indexes.map(({ name }) => `dynamodb:Query on ${table}/index/${name}`),
    ...scannedIndexes.map(({ name }) => `dynamodb:Scan on ${table}/index/${name}`),
  ];
}

/** The action with the table's role in place of its generated name. */
function named(action: string): string {
  return action.replace(database.tables.ledger, 'Ledger').replace(database.tables.idempotency, 'Idempotency');
}

/** Lets one write of the ledger table fail in one way while something is done. */
async function amid(fault: Fault, act: () => Promise<unknown>): Promise<void> {
  proxy.rules.push({
    fault,
    operation: ['TransactWriteItems', 'PutItem'],
    matches: ({ body }) => JSON.stringify(body).includes(database.tables.ledger),
    count: 1,
  });
  await act();
  proxy.rules.length = 0;
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
  await call('POST', '/v1/transactions', { postings: [{ source: 'system:external', destination: 'bob', ...gold }] });
  await call('POST', `/v1/transactions/${posted.body.id}/reversals`, { amount: '1' });
  const wages = { transactions: [{ source: 'system:external', destination: 'bob', ...gold }] };
  for (const key of ['wages', 'wages']) await call('POST', '/v1/batches', wages, { key });
  const { body: hold } = await call('POST', '/v1/holds', { account: 'bob', ...gold }, { key: 'hold' });
  await call('POST', '/v1/holds', { account: 'bob', ...gold }, { key: 'hold' });
  await call('GET', `/v1/holds/${hold.id}`);
  await call('POST', `/v1/holds/${hold.id}/captures`, { destination: 'ada', amount: '4' });
  await call('POST', `/v1/holds/${hold.id}/captures`, { destination: 'ada', amount: '40' });
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
  beforeAll(async () => {
    const { handler } = await import('../../functions/workers/audit-ledger.ts');
    proxy.log.length = 0;
    // The second run reads what the first one kept; the third has to look at an account again.
    for (let run = 1; run <= 3; run++) {
      await handler({}, lambdaContext(60_000));
      await proxy.settled();
    }
    calls.push(...proxy.log);
  }, 60_000);

  it('are what its function uses, no less and no more', () => {
    const granted = grantsOn('Ledger', workers['audit-ledger'].ledger);
    expect([...new Set(calls.flatMap(actionsOf).map(named))].sort()).toEqual(granted.sort());
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
    const { ledger: table } = database.tables;
    const ledger = new Ledger({ table, endpoint: database.endpoint });
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
    proxy.log.length = 0;
    await handler({}, lambdaContext(60_000));
    await proxy.settled();
    const granted = grantsOn('Ledger', workers['release-expired-holds'].ledger);
    expect([...new Set(proxy.log.flatMap(actionsOf).map(named))].sort()).toEqual(granted.sort());
    expect((await ledger.balances.get(tenant, 'dune' as AccountId, 'SAND' as AssetCode)).held).toBe(0n);
    ledger.client.destroy();
  });
});

describe('the recording', () => {
  it('saw every operation that may touch a table succeed', () => {
    const succeeded = [...statuses].filter(([, all]) => [...all].some((status) => status < 300)).map(([key]) => key);
    expect(succeeded.sort()).toEqual(
      routes
        .filter(({ area }) => area !== 'documents')
        .map(routeKey)
        .sort(),
    );
  });
});

describe.each<Area>(['assets', 'accounts', 'transactions', 'holds', 'reports'])('the grants of %s', (area) => {
  const usedOn = (table: string) =>
    [...(used.get(area) ?? [])].filter((action) => action.includes(` on ${table}`)).sort();

  it('are what its function uses of the ledger, no less and no more', () => {
    expect(usedOn('Ledger')).toEqual(grantsOn('Ledger', areas[area].ledger).sort());
  });

  // Powertools documents four actions, of which it uses some only when something goes wrong in it.
  it('hold what its function uses of the idempotency table', () => {
    const granted = areas[area].replays ? ['DeleteItem', 'GetItem', 'PutItem', 'UpdateItem'] : [];
    const expected = granted.map((action) => `dynamodb:${action} on Idempotency`);
    expect(expected).toEqual(expect.arrayContaining(usedOn('Idempotency')));
    expect(usedOn('Idempotency').length > 0).toBe(areas[area].replays ?? false);
  });
});
