import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** Finds the stream of a table in a Region. */
export type StreamFinder = (tableName: string, region: string) => Promise<string>;

/**
 * The ARN of the stream that the table's replica has in the Region: CloudFormation tells the stack's own Region's only.
 * @throws Error where there is no such table, or it has no stream
 */
export async function replicaStream(tableName: string, region: string): Promise<string> {
  const client = new DynamoDBClient({ region });
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
    if (!Table?.LatestStreamArn) throw new Error(`The table ${tableName} has no stream in ${region}.`);
    return Table.LatestStreamArn;
  } finally {
    client.destroy();
  }
}
