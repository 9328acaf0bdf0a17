import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../lib/dynamodb/index.ts';
import { account, asset, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';

const gold = asset('GOLD');
const alice = account('alice');
const start = Date.now() - 1_000;

let books: LedgerFixture;
beforeAll(async () => {
  books = await startLedger();
  await books.ledger.assets.create({
    tenant,
    code: gold,
    name: 'Gold',
    keyApplied: { mark: 'gold', requestHash: 'a' },
  });
  await books.createAccount('alice', { floor: -50n });
  await books.createAccount('idle', { floor: -9n });
  // Two entries at each of three instants, 100 ms apart.
  let now = start;
  const ledger = books.open({ clock: { ...systemClock, now: () => now } });
  for (const step of [0, 0, 1, 1, 2, 2]) {
    now = start + step * 100;
    await ledger.post(transfer('world', 'alice', 10), 5_000);
  }
  ledger.client.destroy();
});
afterAll(async () => {
  expect((await books.audit()).findings).toEqual([]);
  await books.stop();
});

describe('get', () => {
  it('is the balance as the last posting left it', async () => {
    expect(await books.ledger.balances.get(tenant, alice, usd)).toMatchObject({
      account: 'alice',
      asset: usd,
      posted: 60n,
      held: 0n,
      floor: -50n,
      status: 'active',
      version: 6,
      sequence: 6,
      lastEntryAt: start + 200,
    });
    expect((await books.ledger.balances.get(tenant, account('world'), usd)).floor).toBeNull();
  });

  it('is empty, with the floor of the account, before the first posting', async () => {
    expect(await books.ledger.balances.get(tenant, account('idle'), usd)).toMatchObject({
      posted: 0n,
      floor: -9n,
      version: 0,
      sequence: 0,
      lastTransaction: null,
    });
    expect(await books.ledger.balances.get(tenant, alice, gold)).toMatchObject({ posted: 0n, floor: 0n, version: 0 });
  });

  it('is not found without the account or the asset', async () => {
    await expect(books.ledger.balances.get(tenant, account('nobody'), usd)).rejects.toMatchObject({
      code: 'not_found',
      evidence: { account: 'nobody' },
    });
    await expect(books.ledger.balances.get(tenant, alice, asset('XAU'))).rejects.toMatchObject({
      code: 'not_found',
      evidence: { asset: 'XAU' },
    });
    await expect(books.ledger.balances.get('other' as typeof tenant, alice, usd)).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});

describe('at', () => {
  it.each([
    [-1, 0n, 0, undefined],
    [0, 20n, 2, 0],
    [99, 20n, 2, 0],
    [100, 40n, 4, 100],
    [101, 40n, 4, 100],
    [200, 60n, 6, 200],
    [1_000_000, 60n, 6, 200],
  ])('%p ms after the first entry is %p', async (offset, posted, sequence, updatedAt) => {
    expect(await books.ledger.balances.at(tenant, alice, usd, start + offset)).toEqual({
      account: 'alice',
      asset: usd,
      posted,
      sequence,
      ...(updatedAt !== undefined && { updatedAt: start + updatedAt }),
    });
  });

  it('takes the first and the last instant that can be said', async () => {
    expect((await books.ledger.balances.at(tenant, alice, usd, 0)).posted).toBe(0n);
    expect((await books.ledger.balances.at(tenant, alice, usd, 9_999_999_999_999)).posted).toBe(60n);
  });

  it('is empty where nothing was posted, and not found without the account or the asset', async () => {
    expect(await books.ledger.balances.at(tenant, alice, gold, start)).toEqual({
      account: 'alice',
      asset: gold,
      posted: 0n,
      sequence: 0,
    });
    for (const [id, code] of [
      [account('nobody'), usd],
      [alice, asset('XAU')],
    ] as const) {
      await expect(books.ledger.balances.at(tenant, id, code, start)).rejects.toMatchObject({ code: 'not_found' });
    }
  });
});

describe('list', () => {
  it('has the balances of an account in order of asset, and nothing else of it', async () => {
    await books.createAccount('rich');
    for (const code of [usd, gold]) {
      const postings = [{ source: account('world'), destination: account('rich'), asset: code, amount: 3n }];
      await books.ledger.post(transfer('world', 'rich', 3, { postings }), 5_000);
    }
    const { account: stored, balances } = await books.ledger.balances.list(tenant, account('rich'));
    expect(stored).toMatchObject({ id: 'rich', balances: new Set([gold, usd]) });
    expect(balances.map(({ asset: code, posted }) => [code, posted])).toEqual([
      [gold, 3n],
      [usd, 3n],
    ]);
    expect((await books.ledger.balances.list(tenant, account('idle'))).balances).toEqual([]);
    await expect(books.ledger.balances.list(tenant, account('nobody'))).rejects.toMatchObject({ code: 'not_found' });
  });

  it('holds an amount of 30 digits exactly', async () => {
    const amount = 10n ** 30n - 1n;
    await books.createAccount('vast', { funds: amount });
    await books.ledger.post(transfer('world', 'vast', amount), 5_000);
    expect((await books.ledger.balances.get(tenant, account('vast'), usd)).posted).toBe(2n * amount);
  });
});

describe('assets', () => {
  const silver = asset('SILVER/3');
  const create = (mark: string, requestHash = '') =>
    books.ledger.assets.create({ tenant, code: silver, keyApplied: { mark, requestHash } });

  it('are registered once under their key', async () => {
    const first = await create('silver');
    expect(first).toMatchObject({ code: 'SILVER/3', scale: 3 });
    expect(await create('silver')).toEqual(first);
    await expect(create('silver', 'other')).rejects.toMatchObject({ code: 'idempotency_key_reused' });
    await expect(create('other')).rejects.toMatchObject({ code: 'already_exists' });
  });

  it('are listed in order of code, by tenant', async () => {
    await create('silver');
    expect((await books.ledger.assets.list(tenant)).map(({ code, name }) => [code, name])).toEqual([
      ['GOLD', 'Gold'],
      ['SILVER/3', undefined],
      ['USD/2', undefined],
    ]);
    expect(await books.ledger.assets.list('other' as typeof tenant)).toEqual([]);
  });
});
