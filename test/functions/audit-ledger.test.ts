import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type CapturedOutput, captureOutput } from '../observability/captured-output.ts';
import { flagsParameter, startApi, type TestApi } from './api.ts';
import { lambdaContext } from './proxy-event.ts';

type Handler = typeof import('../../functions/workers/audit-ledger.ts')['handler'];

const logLevel = process.env.POWERTOOLS_LOG_LEVEL;
let api: TestApi;
let handler: Handler;
let output: CapturedOutput;
beforeAll(async () => {
  process.env.POWERTOOLS_LOG_LEVEL = 'INFO';
  api = await startApi();
  process.env.FLAGS_WHEN_UNREADABLE = 'closed';
  handler = (await import('../../functions/workers/audit-ledger.ts')).handler;
});
beforeEach(() => {
  output = captureOutput();
});
afterEach(() => output.stop());
afterAll(async () => {
  if (logLevel === undefined) delete process.env.POWERTOOLS_LOG_LEVEL;
  else process.env.POWERTOOLS_LOG_LEVEL = logLevel;
  await api.stop();
});

const line = (message: string) => output.lines().filter((one) => one.message === message);

describe('audit-ledger', () => {
  it('says in one line what it came to, with its metrics', async () => {
    await handler({}, lambdaContext(60_000));
    expect(line('audit')).toEqual([
      expect.objectContaining({ level: 'INFO', completed: ['recent', 'rolling'], AuditedEntries: 0, AuditFindings: 0 }),
    ]);
    expect(line('audit')[0]).toHaveProperty('_aws');
  });

  it('names the damage it knows of, and answers it over the API', async () => {
    const damaged = { PK: 'T#default#A#mallory', SK: 'B#USD/2', posted: 'much' };
    const { client, tables } = api.database;
    await client.send(new PutItemCommand({ TableName: tables.ledger, Item: marshall(damaged) }));
    await handler({}, lambdaContext(60_000));
    expect(line('audit')).toEqual([expect.objectContaining({ AuditFindings: 1 })]);
    expect(line('damage')).toEqual([
      expect.objectContaining({
        level: 'ERROR',
        kind: 'unreadable_row',
        tenant: 'default',
        subject: 'T#default#A#mallory B#USD/2',
      }),
    ]);
    const { body } = await api.call('GET', '/v1/admin/checks');
    expect(body).toMatchObject({
      status: 'damaged',
      findings: [{ kind: 'unreadable_row', subject: 'T#default#A#mallory B#USD/2' }],
    });
  });

  it('stops in time', async () => {
    await handler({}, lambdaContext(10_000));
    // There is no time for a step, and what was found before is still known.
    expect(line('audit')).toEqual([expect.objectContaining({ completed: [], AuditFindings: 1 })]);
  });

  it('leaves the audit to the Region that is open', async () => {
    api.parameters.parameters.set(flagsParameter, '{"acceptWrites":false}');
    // An instance of its own, since one that runs knows its flags for a minute.
    jest.resetModules();
    const other = await import('../../functions/workers/audit-ledger.ts');
    await other.handler({}, lambdaContext(60_000));
    expect(line('audit')).toEqual([]);
    expect(line('audit left to the Region that is open')).toHaveLength(1);
  });
});
