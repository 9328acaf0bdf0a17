import {
  DescribeContinuousBackupsCommand,
  type DescribeContinuousBackupsCommandOutput,
  type DynamoDBClient,
  type PointInTimeRecoveryDescription,
  RestoreTableToPointInTimeCommand,
} from '@aws-sdk/client-dynamodb';
import type { RehearsalRun } from './rehearsal-table.ts';

/** This DynamoDB cannot restore to a point in time, or not this table; a copy can still be rehearsed. */
export class CannotRestore extends Error {
  override readonly name = 'CannotRestore';
}

const unsupported = ['UnknownOperationException', 'InvalidAction', 'NotImplementedException'];

/** Errors that mean that the operation does not exist there. LocalStack's message is the only mark of some. */
function isUnsupported(error: unknown): boolean {
  const { name, message } = error as Error;
  return unsupported.includes(name) || /unknown operation|not (yet )?(been )?implemented|not supported/i.test(message);
}

/** What a table can be restored to. @throws CannotRestore when its recovery is off or this DynamoDB has none */
export async function recoveryOf(client: DynamoDBClient, table: string): Promise<PointInTimeRecoveryDescription> {
  let answer: DescribeContinuousBackupsCommandOutput;
  try {
    answer = await client.send(new DescribeContinuousBackupsCommand({ TableName: table }));
  } catch (error) {
    if (!isUnsupported(error)) throw error;
    throw new CannotRestore('this DynamoDB has no point-in-time recovery', { cause: error });
  }
  const recovery = answer.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
  if (recovery?.PointInTimeRecoveryStatus === 'ENABLED') return recovery;
  throw new CannotRestore(`point-in-time recovery of ${table} is not on`);
}

/**
 * Starts to restore a table, indexes and all, as a real recovery would. It returns before the new table is there.
 *
 * @throws CannotRestore when this DynamoDB does not restore
 */
export async function startRestore(
  client: DynamoDBClient,
  source: string,
  run: RehearsalRun,
  at?: Date,
): Promise<void> {
  try {
    await client.send(
      new RestoreTableToPointInTimeCommand({
        SourceTableName: source,
        TargetTableName: run.table,
        ...(at ? { RestoreDateTime: at } : { UseLatestRestorableTime: true }),
      }),
    );
  } catch (error) {
    if (!isUnsupported(error)) throw error;
    throw new CannotRestore('this DynamoDB says that recovery is on, and cannot restore', { cause: error });
  }
}
