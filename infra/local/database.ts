import type { DataFolder } from './data-folder.ts';
import type { Deployment } from './deployment.ts';
import { dynamodbClient } from './dynamodb-client.ts';
import { databaseFailure, startDynamoDB } from './dynamodb-process.ts';
import { fileChanges, polledChanges, type TableChanges } from './sources/table-changes.ts';
import { StartFailure } from './start-failure.ts';
import { keepStreamsShort } from './stream-records.ts';
import { ensureTable } from './tables.ts';

/** A DynamoDB with the template's tables. */
export interface Database {
  readonly endpoint: string;
  readonly pid?: number;
  readonly lost: Promise<string>;
  /** Says when it is worth looking into the streams of its tables. */
  readonly changes: TableChanges;
}

/**
 * Starts the embedded DynamoDB, or takes the one that is given, and makes its tables.
 * @param consumedUpTo the number of the last record of a table's stream that may go: all its consumers are done with it.
 * @throws {StartFailure} when it cannot be used.
 */
export async function startDatabase(
  given: string | undefined,
  folder: DataFolder,
  { tables }: Deployment,
  cleanup: AsyncDisposableStack,
  consumedUpTo: (table: string) => number,
): Promise<Database> {
  if (given) {
    await createTables(given, tables, (problem) => unusableEndpoint(given, problem));
    return { endpoint: given, lost: new Promise(() => undefined), changes: polledChanges() };
  }
  const emulator = await startDynamoDB(folder.databaseFile, folder.databasePidFile);
  cleanup.defer(() => emulator.stop());
  await createTables(emulator.endpoint, tables, (problem) => databaseFailure(problem, folder.databaseFile));
  const withStream = tables.filter(({ streamViewType }) => streamViewType).map(({ name }) => name);
  const streams = keepStreamsShort(folder.databaseFile, withStream, { consumedUpTo });
  cleanup.defer(() => streams.stop());
  const changes = fileChanges(folder.databaseFile);
  cleanup.defer(() => changes.stop());
  return { ...emulator, changes };
}

async function createTables(
  endpoint: string,
  tables: Deployment['tables'],
  failure: (problem: string) => StartFailure,
): Promise<void> {
  const client = dynamodbClient(endpoint);
  try {
    for (const table of tables) {
      await ensureTable(client.call, table);
    }
  } catch (error) {
    throw error instanceof StartFailure ? error : failure((error as Error).message);
  } finally {
    client.close();
  }
}

function unusableEndpoint(endpoint: string, problem: string): StartFailure {
  return new StartFailure(`The DynamoDB at ${endpoint} (AWS_ENDPOINT_URL_DYNAMODB) cannot be used: ${problem}`);
}
