/**
 * A transfer the usual way: the handler is wrapped in a generic idempotency layer, and the ledger's write knows nothing
 * of the key. Run as a process of its own, so that it can be killed. Arguments: endpoint, ledger table, idempotency table.
 */
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { Context } from 'aws-lambda';

const [, , endpoint = '', table = '', idempotencyTable = ''] = process.argv;
/** The function's time-out: how long the layer takes a request for being in progress, in milliseconds. */
const timeoutMs = 300;

const client = new DynamoDBClient({ endpoint });
const documents = DynamoDBDocumentClient.from(client);

async function transfer({ source, destination, amount }: { source: string; destination: string; amount: number }) {
  const add = (account: string, change: number) => ({
    Update: {
      TableName: table,
      Key: { PK: `naive#${account}`, SK: 'BALANCE' },
      UpdateExpression: 'ADD posted :change',
      ExpressionAttributeValues: { ':change': change },
    },
  });
  await documents.send(new TransactWriteCommand({ TransactItems: [add(source, -amount), add(destination, amount)] }));
  return { status: 'posted' };
}

const config = new IdempotencyConfig({ eventKeyJmesPath: 'key', hashFunction: 'sha256' });
config.registerLambdaContext({ getRemainingTimeInMillis: () => timeoutMs } as Context);
const once = makeIdempotent(transfer as (request: never) => ReturnType<typeof transfer>, {
  persistenceStore: new DynamoDBPersistenceLayer({ tableName: idempotencyTable, awsSdkV3Client: client }),
  keyPrefix: 'transfer',
  config,
});

try {
  await once({ key: 'k1', source: 'alice', destination: 'bob', amount: 10 } as never);
  console.log('done');
} catch (error) {
  console.log((error as Error).name);
}
