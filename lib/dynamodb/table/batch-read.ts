import { BatchGetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { LedgerError } from '../../ledger/index.ts';
import type { Row } from '../items/items.ts';
import type { Key } from '../items/keys.ts';
import { boundedTimeout } from './client.ts';
import type { Patience } from './patience.ts';

/** Keys one `BatchGetItem` may name: DynamoDB's limit. */
const maxKeysPerRead = 100;

/**
 * Reads items consistently by their keys, each once; absent ones are left out. What DynamoDB leaves unprocessed is
 * asked for again within the time given. With attributes, only these are read.
 *
 * @throws LedgerError `unavailable` when time is over with keys unread; whatever the SDK throws
 */
export async function readItems(
  client: DynamoDBDocumentClient,
  table: string,
  keys: readonly Key[],
  patience: Patience,
  attributes?: readonly string[],
): Promise<Row[]> {
  const projection = attributes && projectionOf(attributes);
  const rows: Row[] = [];
  let unread: readonly Key[] = [...new Map(keys.map((key) => [`${key.PK}\n${key.SK}`, key])).values()];
  for (let attempt = 0; unread.length > 0; attempt++) {
    if (attempt > 0) await patience.pause(attempt);
    if (patience.isOver) throw new LedgerError('unavailable', 'DynamoDB did not answer a read in time');
    const now = unread.slice(0, maxKeysPerRead);
    const answer = await client.send(
      new BatchGetCommand({ RequestItems: { [table]: { Keys: [...now], ConsistentRead: true, ...projection } } }),
      { requestTimeout: boundedTimeout(patience) },
    );
    rows.push(...(answer.Responses?.[table] ?? []));
    const unprocessed = (answer.UnprocessedKeys?.[table]?.Keys ?? []) as Key[];
    // A first full chunk is no failed attempt.
    if (unprocessed.length === 0) attempt = -1;
    unread = [...unprocessed, ...unread.slice(maxKeysPerRead)];
  }
  return rows;
}

/** Names stand for all attributes, since some of them are words that DynamoDB reserves. */
function projectionOf(attributes: readonly string[]) {
  const names = Object.fromEntries(attributes.map((attribute, index) => [`#a${index}`, attribute]));
  return { ProjectionExpression: Object.keys(names).join(', '), ExpressionAttributeNames: names };
}
