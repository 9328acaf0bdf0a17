import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startDatabase, type TestDatabase } from './dynoxide.ts';
import { readTable } from './read-table.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await startDatabase();
});
afterAll(() => database.stop());

describe('readTable', () => {
  it('reads every type of attribute as it was written, however many pages there are', async () => {
    const { client, tables } = database;
    const written = Array.from({ length: 4 }, (_, index) => ({
      PK: `T#default#A#${index}`,
      SK: 'A',
      amount: -(2n ** 100n) + BigInt(index),
      bytes: Buffer.from([0, 255, index]),
      isThere: true,
      nothing: null,
      list: [1n, 'two', { three: 3n, empty: {} }, []],
      numbers: new Set([1n, 2n]),
      texts: new Set(['a', 'ü']),
      binaries: new Set([Buffer.from([7])]),
      // A page ends after a megabyte.
      filler: 'ä'.repeat(190_000),
    }));
    for (const row of written) {
      await client.send(new PutItemCommand({ TableName: tables.ledger, Item: marshall(row) }));
    }
    const rows = await readTable(client, tables.ledger);
    const inOrder = rows.sort(({ PK: a }, { PK: b }) => (String(a) < String(b) ? -1 : 1));
    expect(inOrder).toEqual(
      written.map((row) => ({
        ...row,
        bytes: new Uint8Array(row.bytes),
        binaries: new Set([new Uint8Array([7])]),
      })),
    );
  });

  it('reads of one tenant what is his, and of no other', async () => {
    const { client, tables } = database;
    for (const PK of ['T#one', 'T#one#A#x', 'T#one-more', 'T#one-more#A#x', 'R#T#one#A#x']) {
      await client.send(new PutItemCommand({ TableName: tables.ledger, Item: marshall({ PK, SK: 'A' }) }));
    }
    const rows = await readTable(client, tables.ledger, 'one');
    expect(rows.map(({ PK }) => PK).sort()).toEqual(['T#one', 'T#one#A#x']);
  });

  it('fails where there is no such table', async () => {
    await expect(readTable(database.client, 'nowhere')).rejects.toThrow(/not found|no such|ResourceNotFound/i);
  });
});
