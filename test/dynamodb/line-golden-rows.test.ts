import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AttributeValue, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parsePlace, placeItem } from '../../lib/dynamodb/items/line-item.ts';
import { parseRecord, recordItem } from '../../lib/dynamodb/items/record-item.ts';
import { recordIdOfTransaction } from '../../lib/ledger/index.ts';
import { account, tenant, transfer } from '../support/ledger-fixture.ts';
import { type LineFixture, startLines } from './line-fixture.ts';

/**
 * Rows of a line as they are written: one that waits with its place, one that failed, one that was posted out of the
 * line. They are never changed: what waits in a line was written by whatever version accepted it.
 */
const rows = readFileSync(join(import.meta.dirname, 'golden-rows', 'lines.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line, (key, value) => (key === 'B' ? Buffer.from(value, 'base64') : value)) as Item);
type Item = Record<string, AttributeValue>;

const [pending, place, failed, posted] = rows.map((row) => unmarshall(row, { wrapNumbers: BigInt }));
const command = transfer('alice', 'bob', 40, { key: 'golden-pending', description: 'Lunch', metadata: { order: '7' } });
const acceptance = { at: 1_764_000_000_000, account: account('alice') };

describe('rows of a line as they were written', () => {
  let lines: LineFixture;
  beforeAll(async () => {
    lines = await startLines();
    for (const id of ['alice', 'bob']) await lines.books.createAccount(id, { funds: 100n });
    const { client, tables } = lines.books.database;
    for (const Item of rows.slice(0, 3)) await client.send(new PutItemCommand({ TableName: tables.ledger, Item }));
  });
  afterAll(() => lines.stop());

  it('read as what they were', () => {
    expect(parseRecord(pending as Record<string, unknown>)).toEqual({
      result: { kind: 'pending', pending: { id: command.id, type: 'transfer', command, createdAt: acceptance.at } },
      requestHash: command.requestHash,
      nonce: 'golden-nonce',
      accepted: acceptance,
      cause: { correlationId: 'golden-cause' },
    });
    expect(parsePlace(place as Record<string, unknown>)).toEqual({
      account: acceptance.account,
      transaction: command.id,
      acceptedAt: acceptance.at,
    });
    expect(parseRecord(failed as Record<string, unknown>)).toMatchObject({
      result: {
        kind: 'transaction',
        transaction: { status: 'failed', failedAt: 1_764_000_060_000, postings: command.postings },
      },
      accepted: acceptance,
    });
    expect(parseRecord(posted as Record<string, unknown>)).toMatchObject({
      result: { kind: 'transaction', transaction: { status: 'posted', postings: command.postings } },
      accepted: { at: 1_764_000_000_001, account: acceptance.account },
    });
  });

  it('are written so by this version too', () => {
    const { result, ...rest } = parseRecord(pending as Record<string, unknown>);
    const written = recordItem(tenant, command.record, { result, ...rest });
    expect(unmarshall(marshall(written), { wrapNumbers: BigInt })).toEqual(pending);
    expect(
      placeItem(tenant, { account: acceptance.account, transaction: command.id, acceptedAt: acceptance.at }),
    ).toEqual(place);
  });

  it('are executed when their turn comes, answered under their key, and reprocessed', async () => {
    const ledger = lines.open();
    expect(await ledger.accept(command, 5_000)).toMatchObject({
      kind: 'accepted',
      acceptedAt: acceptance.at,
      replayed: true,
    });
    const run = await lines.drain('alice');
    expect(run).toMatchObject({ settled: [{ outcome: 'posted' }], failed: [] });
    expect(await ledger.post(command, 5_000)).toMatchObject({
      replayed: true,
      transaction: { status: 'posted', description: 'Lunch', metadata: { order: '7' } },
    });
    const { id } = transfer('alice', 'bob', 40, { key: 'golden-failed' });
    expect(await ledger.reprocess(tenant, id, 5_000)).toMatchObject({ kind: 'accepted' });
    expect((await lines.drain('alice')).settled).toMatchObject([{ outcome: 'posted' }]);
    expect((await lines.record({ id }))?.PK).toBe(`T#${tenant}#X#${recordIdOfTransaction(id)}`);
    expect(await lines.findings()).toEqual([]);
  });
});
