import { type AttributeValue, paginateQuery } from '@aws-sdk/client-dynamodb';
import type { TestDatabase } from '../../test/support/dynoxide.ts';
import { tenant } from '../../test/support/ledger-fixture.ts';
import { itemSize } from './item-size.ts';
import type { Measured } from './measured.ts';
import { type MeasuredFunctions, transferBody } from './measured-functions.ts';

/** What a plain transfer leaves in the table for ever: its items as they lie there. */
export async function measureStorage({ database, call }: MeasuredFunctions): Promise<Measured['transferStorage']> {
  const { body: posted } = await call('POST', '/v1/transfers', transferBody('alice', 'bob', 9));
  const partitions = [`T#${tenant}#X#${String(posted.id).slice(3)}`, `T#${tenant}#A#alice`, `T#${tenant}#A#bob`];
  const items = (await Promise.all(partitions.map((partition) => rowsOf(database, partition)))).flat();
  const record = items.filter(({ SK }) => SK?.S === 'RECORD');
  const entries = items.filter(({ transaction }) => transaction?.S === posted.id);
  const bytes = (rows: readonly Record<string, AttributeValue>[]) => rows.reduce((sum, row) => sum + itemSize(row), 0);
  if (record.length !== 1 || entries.length !== 2) throw new Error('a transfer leaves a record and two entries');
  return { recordBytes: bytes(record), entryBytes: bytes(entries), items: record.length + entries.length };
}

async function rowsOf({ client, tables }: TestDatabase, partition: string): Promise<Record<string, AttributeValue>[]> {
  const rows: Record<string, AttributeValue>[] = [];
  const query = {
    TableName: tables.ledger,
    KeyConditionExpression: 'PK = :pk',
    ExpressionAttributeValues: { ':pk': { S: partition } },
  };
  for await (const page of paginateQuery({ client }, query)) rows.push(...(page.Items ?? []));
  return rows;
}
