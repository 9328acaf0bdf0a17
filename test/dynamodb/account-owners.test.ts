import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Ledger } from '../../lib/dynamodb/index.ts';
import { parseTenantId, type TenantId } from '../../lib/ledger/index.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { account, type LedgerFixture, startLedger, tenant } from '../support/ledger-fixture.ts';

let fixture: LedgerFixture;
let proxy: FaultProxy;
let ledger: Ledger;

beforeAll(async () => {
  fixture = await startLedger();
  proxy = await startFaultProxy({ target: fixture.database.endpoint });
  ledger = fixture.open({ endpoint: proxy.url });
  for (const [id, owner] of [
    ['anns', 'ann'],
    ['bobs', 'bob'],
    ['nobodys', undefined],
  ] as const) {
    await fixture.ledger.accounts.create({
      tenant,
      id: account(id),
      unbounded: false,
      floors: new Map(),
      owner,
      metadata: {},
      keyApplied: { mark: id, requestHash: '' },
    });
  }
});
afterAll(async () => {
  ledger.client.destroy();
  await proxy.stop();
  await fixture.stop();
});
beforeEach(() => {
  proxy.rules.length = 0;
  proxy.log.length = 0;
});

const ids = (...names: string[]) => names.map(account);

describe('AccountOwners', () => {
  it('tells the owners of accounts by one consistent call that reads nothing else', async () => {
    const owners = await ledger.owners.owners(tenant, ids('anns', 'bobs', 'nobodys', 'nowhere', 'anns'));
    expect([...owners].toSorted()).toEqual([
      ['anns', 'ann'],
      ['bobs', 'bob'],
    ]);
    expect(proxy.log.map(({ operation }) => operation)).toEqual(['BatchGetItem']);
    const [asked] = Object.values(proxy.log[0]?.body.RequestItems as object);
    expect(asked.Keys).toHaveLength(4);
    expect(asked.ConsistentRead).toBe(true);
    expect(Object.values(asked.ExpressionAttributeNames)).toEqual(['PK', 'SK', 'accountId', 'owner']);
  });

  it('asks nobody about no account', async () => {
    expect((await ledger.owners.owners(tenant, [])).size).toBe(0);
    expect(proxy.log).toEqual([]);
  });

  it('knows nothing of the accounts of another tenant', async () => {
    const other = parseTenantId('other') as TenantId;
    expect((await ledger.owners.owners(other, ids('anns'))).size).toBe(0);
  });

  it('asks in hundreds', async () => {
    const many = Array.from({ length: 150 }, (_, index) => account(`none-${index}`));
    expect([...(await ledger.owners.owners(tenant, [...many, account('bobs')]))]).toEqual([['bobs', 'bob']]);
    expect(proxy.log).toHaveLength(2);
  });

  it('asks again where that failed, and says so where it cannot be told', async () => {
    proxy.rules.push({ fault: { kind: 'throttle' }, operation: 'BatchGetItem', count: 1 });
    expect((await ledger.owners.owners(tenant, ids('anns'))).size).toBe(1);
    expect(proxy.log).toHaveLength(2);
    proxy.rules.push({ fault: { kind: 'throttle' } });
    await expect(ledger.owners.owners(tenant, ids('anns'))).rejects.toMatchObject({ code: 'unavailable' });
  });
});
