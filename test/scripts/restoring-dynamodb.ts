import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { copyRows, createCopy } from '../../scripts/rehearsal/copy-table.ts';
import { describeTable } from '../../scripts/rehearsal/rehearsal-table.ts';

type JsonBody = Record<string, unknown>;

export interface RestoringDynamoDB {
  readonly url: string;
  /** Looks at a restored table until it is active. */
  looksUntilActive: number;
  /** What happens to the rows on their way into a restored table. */
  afterRestore: (table: string) => Promise<void>;
  stop(): Promise<void>;
}

/** The instant that every restoration goes to. */
export const restorable = new Date('2026-11-21T10:00:00.000Z');

const seconds = restorable.getTime() / 1_000;
const recovery = {
  ContinuousBackupsDescription: {
    ContinuousBackupsStatus: 'ENABLED',
    PointInTimeRecoveryDescription: {
      PointInTimeRecoveryStatus: 'ENABLED',
      EarliestRestorableDateTime: seconds - 86_400,
      LatestRestorableDateTime: seconds,
    },
  },
};

/**
 * Stands before an embedded DynamoDB and adds what that lacks: restoring, which here takes some looks and, as on AWS,
 * yields a table without the run's tag. Everything else is passed on.
 */
export async function startRestoringDynamoDB(endpoint: string, client: DynamoDBClient): Promise<RestoringDynamoDB> {
  const looksLeft = new Map<string, number>();

  const restore = async ({ SourceTableName, TargetTableName }: JsonBody): Promise<JsonBody> => {
    const [source, table] = [String(SourceTableName), String(TargetTableName)];
    const description = await describeTable(client, source);
    if (!description) throw new Error(`there is no table ${source}`);
    // Marked as some other run's: only the rehearsal itself can make it its own.
    await createCopy(client, description, { id: 'another-run', table });
    await copyRows(client, source, table, () => {});
    await fixture.afterRestore(table);
    looksLeft.set(table, fixture.looksUntilActive);
    return { TableDescription: { TableName: table, TableStatus: 'CREATING' } };
  };

  const describe = (answer: JsonBody, table: string): JsonBody => {
    const left = looksLeft.get(table) ?? 0;
    looksLeft.set(table, left - 1);
    const status = left > 0 ? 'CREATING' : 'ACTIVE';
    const summary = { RestoreDateTime: seconds, RestoreInProgress: left > 0 };
    return { Table: { ...(answer.Table as JsonBody), TableStatus: status, RestoreSummary: summary } };
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '');
    const sent = await text(request);
    const body = JSON.parse(sent) as JsonBody;
    const table = String(body.TableName);
    if (operation === 'DescribeContinuousBackups') return reply(response, 200, recovery);
    if (operation === 'RestoreTableToPointInTime') return reply(response, 200, await restore(body));
    const { host: _host, 'content-length': _length, connection: _connection, ...headers } = request.headers;
    const passed = await fetch(endpoint, { method: 'POST', headers: headers as Record<string, string>, body: sent });
    const passedBody = (await passed.json()) as JsonBody;
    const isRestored = operation === 'DescribeTable' && passed.ok && looksLeft.has(table);
    reply(response, passed.status, isRestored ? describe(passedBody, table) : passedBody);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => reply(response, 500, { message: String(error) }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const fixture: RestoringDynamoDB = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    looksUntilActive: 2,
    afterRestore: async () => {},
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return fixture;
}

function reply(response: ServerResponse, status: number, body: JsonBody): void {
  response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
}
