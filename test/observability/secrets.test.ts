import { ScanCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { parseTransactionId, recordIdOfTransaction } from '../../lib/ledger/index.ts';
import { apiKey, type CallOptions, startApi, type TestApi } from '../functions/api.ts';
import { type CapturedOutput, captureOutput } from './captured-output.ts';

/** What no log may ever show, put into every place a client can write to. */
const secret = 'sEcReT';
const key = `${secret}-key`;
const headers = { 'User-Agent': `${secret}-agent`, Cookie: `session=${secret}`, 'X-Other': `${secret}-header` };
const told = { description: `${secret} description`, metadata: { [`${secret}_name`]: `${secret} value` } };

let output: CapturedOutput;
let api: TestApi;
const environment = { ...process.env };
beforeAll(async () => {
  // The most talkative level there is.
  process.env.POWERTOOLS_LOG_LEVEL = 'TRACE';
  output = captureOutput();
  api = await startApi();
  await api.call('POST', '/v1/assets', { code: 'USD/2', name: `${secret} asset` });
  await api.call('POST', '/v1/accounts', { id: 'system:external', unbounded: true });
  for (const id of ['alice', 'bob']) {
    await api.call('POST', '/v1/accounts', { id, owner: `${secret}|owner`, metadata: told.metadata });
  }
});
afterEach(() => output.clear());
afterAll(async () => {
  output.stop();
  process.env = environment;
  await api.stop();
});

/** Makes a request full of secrets, and expects its line and none of them. */
async function quietly(method: string, path: string, body: unknown, options: CallOptions = {}) {
  output.clear();
  const answer = await api.call(method, path, body, { key, ...options, headers: { ...headers, ...options.headers } });
  expect(output.lines().filter(({ message }) => message === 'request')).toMatchObject([{ status: answer.status }]);
  expect(output.text).not.toContain(secret);
  expect(output.text).not.toContain(apiKey);
  return answer;
}

const transfer = { source: 'alice', destination: 'bob', asset: 'USD/2', amount: '5', ...told };

describe('everything that is written', () => {
  it('has no contents of requests that succeed, are repeated, declined or in conflict', async () => {
    const deposit = { asset: 'USD/2', amount: '100', ...told };
    expect((await quietly('POST', '/v1/accounts/alice/deposits', deposit, { key: `${secret}-0` })).status).toBe(201);
    expect((await quietly('POST', '/v1/transfers', transfer)).status).toBe(201);
    expect((await quietly('POST', '/v1/transfers', transfer)).headers['Idempotent-Replayed']).toBe('true');
    expect((await quietly('POST', '/v1/transfers', { ...transfer, amount: '6' })).status).toBe(422);
    const many = { ...transfer, amount: '1000000' };
    expect((await quietly('POST', '/v1/transfers', many, { key: `${secret}-1` })).body.code).toBe('insufficient_funds');
  });

  it('has no contents of changes and reads', async () => {
    const patch = { owner: `${secret}|other`, metadata: { ...told.metadata, [`${secret}_more`]: secret } };
    expect((await quietly('PATCH', '/v1/accounts/alice', patch)).status).toBe(200);
    expect((await quietly('PATCH', '/v1/accounts/alice', patch)).headers['Idempotent-Replayed']).toBe('true');
    expect((await quietly('PATCH', '/v1/accounts/alice', { owner: secret })).status).toBe(422);
    for (const path of ['/v1/accounts', '/v1/accounts/alice', '/v1/accounts/alice/entries', '/v1/assets']) {
      expect((await quietly('GET', path, undefined)).status).toBe(200);
    }
  });

  it.each([
    ['no JSON', `{"${secret}":`],
    ['unknown fields', { ...transfer, [secret]: secret }],
    ['a wrong type', { ...transfer, description: [secret] }],
    ['too much', { ...transfer, description: secret.repeat(1_000) }],
  ])('has no contents of a body with %s', async (_, body) => {
    expect((await quietly('POST', '/v1/transfers', body)).status).toBe(400);
  });

  it('has no credentials and no keys that are refused', async () => {
    const refused = { bare: true, headers: { Authorization: `Bearer ${secret}` } };
    expect((await quietly('GET', '/v1/accounts', undefined, refused)).status).toBe(401);
    expect((await quietly('POST', '/v1/transfers', transfer, { key: `${secret} with spaces` })).status).toBe(400);
    expect((await quietly('GET', `/v1/accounts/alice/entries?cursor=${secret}`, undefined)).status).toBe(400);
  });

  it('has no contents of a damaged record, which is told with its key and what is wrong with it', async () => {
    const answer = await quietly('POST', '/v1/transfers', transfer, { key: `${secret}-2` });
    const id = parseTransactionId(answer.body.id);
    if (!id) throw new Error(answer.text);
    const { client, tables } = api.database;
    await client.send(
      new UpdateItemCommand({
        TableName: tables.ledger,
        Key: { PK: { S: `T#default#X#${recordIdOfTransaction(id)}` }, SK: { S: 'RECORD' } },
        UpdateExpression: 'SET salt = :text, nonce = :list',
        ExpressionAttributeValues: { ':text': { N: '7' }, ':list': { L: [{ S: secret }] } },
      }),
    );
    expect((await quietly('GET', `/v1/transactions/${id}`, undefined)).status).toBe(500);
    expect(output.lines()).toContainEqual(
      expect.objectContaining({
        level: 'ERROR',
        operation: 'getTransaction',
        error: expect.objectContaining({ message: expect.stringContaining('damaged item T#default#X#') }),
      }),
    );
  });

  it('has nothing of the answers kept for replays when these cannot be read', async () => {
    // A record that Powertools cannot make sense of: its answer is an item with secrets in it.
    const body = { id: 'carol', metadata: told.metadata };
    expect((await quietly('POST', '/v1/accounts', body, { key: `${secret}-3` })).status).toBe(201);
    const { client, tables } = api.database;
    await client.send(new UpdateItemCommand(await damagedStatus(tables.idempotency)));
    expect((await quietly('POST', '/v1/accounts', body, { key: `${secret}-3` })).status).toBe(500);
    expect(output.lines()).toContainEqual(
      expect.objectContaining({ error: expect.objectContaining({ name: 'IdempotencyInvalidStatusError' }) }),
    );
  });
});

/** Makes a status that nobody knows of the record for carol. */
async function damagedStatus(table: string) {
  const { Items = [] } = await api.database.client.send(new ScanCommand({ TableName: table, ConsistentRead: true }));
  const item = Items.find((row) => JSON.stringify(row).includes('carol'));
  if (!item?.id) throw new Error('no idempotency record for carol');
  return {
    TableName: table,
    Key: { id: item.id },
    UpdateExpression: 'SET #status = :odd',
    ExpressionAttributeNames: { '#status': 'status' },
    ExpressionAttributeValues: { ':odd': { S: 'ODD' } },
  };
}
