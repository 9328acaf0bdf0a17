import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { expect } from '@jest/globals';
import type { Ledger } from '../../../lib/dynamodb/index.ts';
import { parseTransactionId, type TransactionId } from '../../../lib/ledger/index.ts';
import { audit } from '../../support/books.ts';
import type { TestDatabase } from '../../support/dynoxide.ts';
import { account } from '../../support/ledger-fixture.ts';
import { type BookClient, sorted } from './book-client.ts';
import type { BookModel } from './book-model.ts';

type Rows = Record<string, unknown>[];

/** Everything a tenant has in the Ledger table. */
async function readTenant({ client, tables }: TestDatabase, tenant: string): Promise<Rows> {
  const rows: Rows = [];
  let start: Record<string, never> | undefined;
  do {
    const page = await client.send(
      new ScanCommand({
        TableName: tables.ledger,
        ConsistentRead: true,
        FilterExpression: 'PK = :tenant OR begins_with(PK, :prefix)',
        ExpressionAttributeValues: { ':tenant': { S: `T#${tenant}` }, ':prefix': { S: `T#${tenant}#` } },
        ...(start && { ExclusiveStartKey: start }),
      }),
    );
    rows.push(...(page.Items ?? []).map((item) => unmarshall(item, { wrapNumbers: BigInt })));
    start = page.LastEvaluatedKey as Record<string, never> | undefined;
  } while (start);
  return rows;
}

/**
 * Holds a tenant's books to the model: the audit finds nothing, every balance is the model's, every key that was
 * answered is there as it was answered, and nothing else is.
 */
export async function expectBooks(
  database: TestDatabase,
  ledger: Ledger,
  client: BookClient,
  model: BookModel,
): Promise<void> {
  const rows = await readTenant(database, client.tenant);
  const { findings, posted, rejected } = audit(rows);
  // The audit knows only today's floor, and that of this account moves; the model held each answer to the floor of its time.
  expect(findings.filter((finding) => !/#A#credit B#.*below the floor/.test(finding))).toEqual([]);
  const settled = [...model.settled.values()];
  const done = settled.filter(({ answer }) => answer.kind === 'posted');
  expect({ posted, rejected }).toEqual({
    posted: done.reduce((sum, { transactions }) => sum + transactions, 0),
    rejected: settled.filter(({ answer }) => answer.kind === 'rejected').length,
  });
  for (const [id, { status, floor }] of model.accounts) {
    const { account: stored, balances } = await ledger.balances.list(client.tenant, account(id));
    expect(stored.status).toBe(status);
    for (const balance of balances) {
      expect({ id, asset: balance.asset, posted: balance.posted, held: balance.held }).toEqual({
        id,
        asset: balance.asset,
        posted: model.posted(id, balance.asset),
        held: model.held(id, balance.asset),
      });
      expect(balance).toMatchObject({ status, floor });
    }
    const opened = [...model.balances.keys()].filter((name) => name.startsWith(`${id} `)).length;
    expect(balances).toHaveLength(opened);
  }
  for (const [key, hold] of model.holds) {
    expect(await ledger.holds.get(client.tenant, client.holdIdOf(key))).toMatchObject(hold);
  }
  for (const [id, text] of client.transactions) {
    const transaction = await ledger.transactions.get(client.tenant, parseTransactionId(id) as TransactionId);
    expect(sorted(transaction)).toBe(text);
  }
}
