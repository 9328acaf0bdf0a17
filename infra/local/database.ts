import type { DataFolder } from './data-folder.ts';
import type { Deployment } from './deployment.ts';
import { dynamodbClient } from './dynamodb-client.ts';
import { databaseFailure, startDynamoDB } from './dynamodb-process.ts';
import { StartFailure } from './start-failure.ts';
import { keepStreamsShort } from './stream-records.ts';
import { ensureTable } from './tables.ts';

/** A DynamoDB with the template's tables. */
export interface Database {
  readonly endpoint: string;
  readonly pid?: number;
  readonly lost: Promise<string>;
}

/**
 * Starts the embedded DynamoDB, or takes the one that is given, and makes its tables.
 * @throws {StartFailure} when it cannot be used.
 */
export async function startDatabase(
  given: string | undefined,
  folder: DataFolder,
  { tables }: Deployment,
  cleanup: AsyncDisposableStack,
): Promise<Database> {
  if (given) {
    await createTables(given, tables, (problem) => unusableEndpoint(given, problem));
    return { endpoint: given, lost: new Promise(() => undefined) };
  }
  const emulator = await startDynamoDB(folder.databaseFile, folder.databasePidFile);
  cleanup.defer(() => emulator.stop());
  await createTables(emulator.endpoint, tables, (problem) => databaseFailure(problem, folder.databaseFile));
  const withStream = tables.filter(({ streamViewType }) => streamViewType).map(({ name }) => name);
  const streams = keepStreamsShort(folder.databaseFile, withStream);
  cleanup.defer(() => streams.stop());
  return emulator;
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
