import { BatchWriteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { changeItem } from '../../lib/dynamodb/items/change-record-item.ts';
import { parseAccount } from '../../lib/dynamodb/items/items.ts';
import { type AccountId, accountChange } from '../../lib/ledger/index.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import type { Fault } from '../support/faults.ts';
import { account, type LedgerFixture, startLedger, tenant } from '../support/ledger-fixture.ts';
import {
  acts,
  appendJournal,
  canary,
  contents,
  damage,
  describe as describeAccount,
  ledgerRows,
  openRedactions,
  type Redactions,
} from './redaction-fixture.ts';

let books: LedgerFixture;
let proxy: FaultProxy;
let plain: Redactions;
let faulty: Redactions;
/** Accounts that these tests have named. */
let named = 0;

beforeAll(async () => {
  books = await startLedger();
  proxy = await startFaultProxy({ target: books.database.endpoint });
  plain = openRedactions(books);
  faulty = openRedactions(books, proxy.url);
});
afterEach(async () => {
  proxy.rules.length = 0;
  await proxy.settled();
});
afterAll(async () => {
  await appendJournal(books);
  expect(await damage(books)).toEqual([]);
  plain.stop();
  faulty.stop();
  await proxy.stop();
  await books.stop();
});

/** Gives an account so many changes as if it had been changed so often, the last of which left it without a text. */
async function changedOften(id: AccountId, text: string, times: number): Promise<void> {
  const { client, tables } = books.database;
  const row = (await ledgerRows(books)).find(({ PK }) => PK === `T#${tenant}#A#${id}`);
  if (!row) throw new Error(`there is no ${id}`);
  const { keysApplied: _, changes: made, ...before } = parseAccount(row);
  const rows = Array.from({ length: times }, (_, index) => {
    const described = { ...before, owner: `${text}-owner`, metadata: { note: `${text}-${index}` } };
    const options = { number: made + 1 + index, createdAt: before.createdAt, salt: `salt-${index}` };
    return changeItem(tenant, accountChange(tenant, described, options));
  });
  for (let first = 0; first < times; first += 25) {
    const puts = rows.slice(first, first + 25).map((item) => ({ PutRequest: { Item: marshall(item) } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [tables.ledger]: puts } }));
  }
  const changed = marshall({ ...row, changes: made + times });
  await client.send(new PutItemCommand({ TableName: tables.ledger, Item: changed }));
}

describe('the redaction of an account', () => {
  it('removes its metadata from it and from all changes it has had, and its owner where that is asked for', async () => {
    const id = `dora-${named++}`;
    const text = canary();
    await books.createAccount(id);
    await describeAccount(books.ledger, id, text);
    await appendJournal(books);
    const kept = await plain.store.account(plain.ask(), account(id));
    expect(kept).toMatchObject({ owner: `${text}-owner`, metadata: {}, redacted: { at: expect.any(Number) } });
    expect(await contents(books)).not.toContain(`"${text}"`);
    const gone = await plain.store.account({ ...plain.ask(), owner: true }, account(id));
    expect(gone.owner).toBeUndefined();
    expect(await contents(books)).not.toContain(text);
    await appendJournal(books);
    expect(await damage(books)).toEqual([]);
  });

  it('is made once under its key, and leaves what was set since', async () => {
    const id = `erin-${named++}`;
    const [before, since] = [canary(), canary()];
    await books.createAccount(id);
    await describeAccount(books.ledger, id, before);
    const request = plain.ask('a key of its own');
    await plain.store.account(request, account(id));
    await describeAccount(books.ledger, id, since);
    expect(await plain.store.account(request, account(id))).toMatchObject({ metadata: { note: since } });
    expect((await acts(books)).filter((act) => act === `account.redacted ${id}`)).toHaveLength(1);
    const reused = { ...request, keyApplied: { ...request.keyApplied, requestHash: 'other' } };
    await expect(plain.store.account(reused, account(id))).rejects.toMatchObject({ code: 'idempotency_key_reused' });
    await plain.store.account(plain.ask(), account(id));
    expect(await contents(books)).not.toContain(`"${since}"`);
  });

  it('forgets the hashes of what was asked for before, and still does nothing twice', async () => {
    const id = `finn-${named++}`;
    await books.createAccount(id);
    const keyApplied = { mark: 'set once', requestHash: 'guessable' };
    const command = { tenant, id: account(id), patch: { metadata: { note: canary() } }, keyApplied };
    await books.ledger.accounts.update(command);
    await plain.store.account(plain.ask(), account(id));
    expect(await contents(books)).not.toContain('guessable');
    expect(await books.ledger.accounts.update(command)).toMatchObject({ metadata: {} });
  });

  it('goes on where it was cut off, over more changes than one write takes', async () => {
    const id = `gwen-${named++}`;
    const text = canary();
    await books.createAccount(id);
    for (let change = 0; change < 130; change++) await describeAccount(books.ledger, id, `${text}-${change}`);
    proxy.rules.push({ fault: { kind: 'cut' }, operation: 'TransactWriteItems', skip: 2 });
    const request = { ...faulty.ask('cut off'), owner: true };
    await expect(faulty.store.account(request, account(id))).rejects.toMatchObject({ code: expect.any(String) });
    expect(await contents(books)).toContain(text);
    proxy.rules.length = 0;
    await faulty.store.account(request, account(id));
    expect(await contents(books)).not.toContain(text);
    expect((await acts(books)).filter((act) => act === `account.redacted ${id}`)).toHaveLength(1);
  });

  it.each<Fault>([
    { kind: 'dropAnswer' },
    { kind: 'cut' },
    { kind: 'serverError', when: 'after' },
    { kind: 'conflict' },
  ])(
    'is done once, whichever of its calls fails: $kind',
    async (fault) => {
      // Until it makes no such call any more.
      for (let call = 0, isReached = true; isReached; call++) {
        const id = account(`gina-${named++}`);
        const text = canary();
        await books.createAccount(id);
        for (let change = 0; change < 3; change++) await describeAccount(books.ledger, id, `${text}-${change}`);
        const request = { ...faulty.ask(`${fault.kind} ${call}`), owner: true };
        proxy.log.length = 0;
        proxy.rules.push({ fault, skip: call, count: 1 });
        await faulty.store.account(request, id).catch((error: unknown) => {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(unavailable|outcome_unknown)$/) });
        });
        proxy.rules.length = 0;
        isReached = proxy.log.some(({ faults }) => faults.length > 0);
        expect(await faulty.store.account(request, id)).toMatchObject({ metadata: {}, version: 5 });
        expect(await contents(books)).not.toContain(text);
        expect((await acts(books)).filter((act) => act === `account.redacted ${id}`)).toHaveLength(1);
        expect(call).toBeLessThan(20);
      }
    },
    60_000,
  );

  it('gets through however many changes in a little time each, and begins where it was done before', async () => {
    const id = account(`hugh-${named++}`);
    const text = canary();
    await books.createAccount(id);
    await changedOften(id, text, 1_000);
    const request = { ...plain.ask('in parts'), owner: true, timeMs: 60 };
    let parts = 1;
    const isDone = () =>
      plain.store.account(request, id).then(
        () => true,
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'outcome_unknown' });
          return false;
        },
      );
    while (!(await isDone()) && parts < 40) parts++;
    expect(parts).toBeLessThan(40);
    expect(await contents(books)).not.toContain(text);
    await describeAccount(books.ledger, id, canary());
    proxy.log.length = 0;
    await faulty.store.account(faulty.ask(), id);
    expect(proxy.log.filter(({ operation }) => operation === 'BatchGetItem')).toHaveLength(1);
  });

  it('and changes of the account at the same time each have their effect, and none brings back what was removed', async () => {
    for (let round = 0; round < 8; round++) {
      const id = account(`jack-${named++}`);
      const [before, since] = [canary(), canary()];
      await books.createAccount(id);
      await describeAccount(books.ledger, id, before);
      const instance = books.open();
      const keyApplied = { mark: `set ${round}`, requestHash: 'hash' };
      const request = plain.ask(`erased ${round}`);
      await Promise.all([
        plain.store.account(request, id),
        faulty.store.account(request, id),
        instance.accounts.update({ tenant, id, patch: { metadata: { since } }, keyApplied }),
        instance.accounts.update({
          tenant,
          id,
          patch: { status: 'frozen' },
          keyApplied: { ...keyApplied, mark: 'freeze' },
        }),
      ]);
      instance.client.destroy();
      const { status, metadata } = await books.ledger.accounts.get(tenant, id);
      expect(status).toBe('frozen');
      expect([{}, { since }]).toContainEqual(metadata);
      expect(await contents(books)).not.toContain(`"${before}"`);
      expect((await acts(books)).filter((act) => act === `account.redacted ${id}`)).toHaveLength(1);
      await plain.store.account({ ...plain.ask(), owner: true }, id);
      const found = await contents(books);
      for (const text of [before, `"${since}"`]) expect(found).not.toContain(text);
    }
    await appendJournal(books);
    expect(await damage(books)).toEqual([]);
  });

  it('knows no account that there is not', async () => {
    await expect(plain.store.account(plain.ask(), account('nobody'))).rejects.toMatchObject({ code: 'not_found' });
  });
});
