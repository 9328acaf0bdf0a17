import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { type LedgerFixture, startLedger, tenant, transfer } from '../support/ledger-fixture.ts';

let books: LedgerFixture;
let proxy: FaultProxy;
beforeAll(async () => {
  books = await startLedger();
  proxy = await startFaultProxy({ target: books.database.endpoint });
  await books.createAccount('alice', { funds: 10n });
});
afterAll(async () => {
  await proxy.stop();
  await books.stop();
});

describe('the client of the Ledger table', () => {
  it('sends writes without the token that the SDK adds, and leaves all else as it is', async () => {
    const ledger = books.open({ endpoint: proxy.url });
    const description = 'Dürer, "ClientRequestToken":"x"';
    const outcome = await ledger.post(transfer('alice', 'world', 1, { description }), 5_000);
    expect(outcome).toMatchObject({ transaction: { status: 'posted', description } });
    const writes = proxy.log.filter(({ operation }) => operation === 'TransactWriteItems');
    expect(writes.map(({ body }) => Object.keys(body))).toEqual([['TransactItems']]);
    const [{ Put } = {}] = (writes[0]?.body.TransactItems ?? []) as { Put?: { Item: object } }[];
    expect(Put?.Item).toMatchObject({ description: { S: description } });
    ledger.client.destroy();
  });

  it('keeps metadata whatever its names are', async () => {
    const metadata = { constructor: 'a', toString: 'b', hasOwnProperty: 'c', '0': 'd' } as Record<string, string>;
    const command = transfer('alice', 'world', 1, { metadata });
    expect(await books.ledger.post(command, 2_000)).toMatchObject({ kind: 'settled' });
    expect(await books.ledger.transactions.get(tenant, command.id)).toMatchObject({ status: 'posted', metadata });
  });
});
