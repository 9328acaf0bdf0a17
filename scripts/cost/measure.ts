import { createHash, randomUUID } from 'node:crypto';
import { type AttributeValue, paginateQuery } from '@aws-sdk/client-dynamodb';
import { Ledger } from '../../lib/dynamodb/index.ts';
import type { Call } from '../../test/functions/api.ts';
import { startDatabase, type TestDatabase } from '../../test/support/dynoxide.ts';
import { type FaultProxy, type ProxiedCall, startFaultProxy } from '../../test/support/fault-proxy.ts';
import { account, tenant, transfer, usd } from '../../test/support/ledger-fixture.ts';
import { startParameterStore } from '../../test/support/parameter-store.ts';
import { itemSize } from './item-size.ts';
import { listenToLines } from './log-lines.ts';
import type { Measured, MeasuredOperation } from './measured.ts';

/** Write units of one item under 1 KB in a transaction. */
const unitsPerTransactedItem = 2;

/** Entries of the account whose history is read: more than a page. */
const historyLength = 30;

/** The trace header of a request that is not sampled, as Lambda gives it: the lines carry its id. */
const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=557abcec3ee5a047;Sampled=0';

const flags = '/florin/cost/flags';
const details = { description: 'Lunch', metadata: { order: '1007' } };

interface Bench {
  readonly call: Call;
  readonly proxy: FaultProxy;
  readonly database: TestDatabase;
  /** Another instance on the same table: what it does is not measured, and the measured one learns nothing of it. */
  readonly elsewhere: Ledger;
}

/**
 * Runs one request of each kind through the real functions on an embedded DynamoDB that reports the units consumed.
 * It writes to the environment and listens to standard output, so it wants a process to itself.
 */
export async function measure(): Promise<Measured> {
  const database = await startDatabase();
  const proxy = await startFaultProxy({ target: database.endpoint, measureCapacity: true });
  const parameters = await startParameterStore({ [flags]: '{}' });
  // What the preparations log is nobody's to read.
  const unmeasured = listenToLines();
  try {
    const call = await loadMeasuredFunctions(database, proxy.url, parameters.endpoint);
    const elsewhere = new Ledger({ table: database.tables.ledger, endpoint: database.endpoint });
    const bench: Bench = { call, proxy, database, elsewhere };
    await prepare(bench);
    const operations = [...(await measureWrites(bench)), ...(await measureReads(bench))];
    return { operations, transferStorage: await measureStorage(bench) };
  } finally {
    unmeasured.stop();
    await parameters.stop();
    await proxy.stop();
    await database.stop();
  }
}

async function loadMeasuredFunctions(database: TestDatabase, dynamodb: string, ssm: string): Promise<Call> {
  const key = 'flk_dev_0123456789abcdefghijABCDEFGHIJ01';
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
    AWS_ENDPOINT_URL_SSM: ssm,
    FLAGS_PARAMETER: flags,
    LEDGER_TABLE: database.tables.ledger,
    IDEMPOTENCY_TABLE: database.tables.idempotency,
    API_KEY_SHA256: createHash('sha256').update(key).digest('hex'),
    POWERTOOLS_SERVICE_NAME: 'florin-transactions',
    POWERTOOLS_METRICS_NAMESPACE: 'Florin/prod',
    POWERTOOLS_LOG_LEVEL: 'INFO',
    _X_AMZN_TRACE_ID: traceHeader,
  });
  const { loadFunctions, apiKey } = await import('../../test/functions/api.ts');
  if (apiKey !== key) throw new Error('the functions are called with another key than they know');
  return loadFunctions();
}

async function prepare({ elsewhere, call }: Bench): Promise<void> {
  await elsewhere.assets.create({ tenant, code: usd, keyApplied: { mark: 'usd', requestHash: '' } });
  for (const id of ['world', 'alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'fresh', 'settled']) {
    const keyApplied = { mark: id, requestHash: '' };
    const unbounded = id === 'world';
    await elsewhere.accounts.create({
      tenant,
      id: account(id),
      unbounded,
      floors: new Map(),
      metadata: {},
      keyApplied,
    });
  }
  for (const id of ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'])
    await post(elsewhere, transfer('world', id, 10_000));
  for (let i = 0; i < historyLength; i++) await post(elsewhere, transfer('erin', 'frank', 1, details));
  // The first request of each function reads flags and loads what is loaded once.
  await call('POST', '/v1/transfers', body('alice', 'bob', 1));
  await call('GET', '/v1/accounts/alice');
}

async function post(ledger: Ledger, command: ReturnType<typeof transfer>): Promise<void> {
  const outcome = await ledger.post(command, 5_000);
  if (outcome.kind !== 'settled') throw new Error(`could not prepare: ${JSON.stringify(outcome)}`);
}

function body(source: string, destination: string, amount: number) {
  return { source, destination, asset: usd, amount: String(amount), ...details };
}

interface Request {
  readonly id: string;
  readonly title: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly key?: string;
  readonly status: number;
}

async function measureWrites(bench: Bench): Promise<MeasuredOperation[]> {
  const transfers = { method: 'POST', path: '/v1/transfers' };
  const replayed = randomUUID();
  const warm = await one(bench, {
    ...transfers,
    id: 'transfer_warm',
    title: 'Transfer; the instance knows both balances',
    body: body('alice', 'bob', 5),
    key: replayed,
    status: 201,
  });
  const cold = await one(bench, {
    ...transfers,
    id: 'transfer_cold',
    title: 'Transfer; the instance knows neither balance',
    body: body('carol', 'dave', 5),
    status: 201,
  });
  const opening = await one(bench, {
    ...transfers,
    id: 'transfer_opening',
    title: 'Transfer that opens a balance',
    body: body('alice', 'fresh', 5),
    status: 201,
  });
  const replay = await one(bench, {
    ...transfers,
    id: 'replay_warm',
    title: 'Replay; the instance knows both balances',
    body: body('alice', 'bob', 5),
    key: replayed,
    status: 201,
  });
  const decline = await one(bench, {
    ...transfers,
    id: 'decline',
    title: 'Decline, such as insufficient funds',
    body: body('bob', 'alice', 10_000_000),
    status: 422,
  });
  await post(bench.elsewhere, transfer('alice', 'carol', 1));
  const lost = await one(bench, {
    ...transfers,
    id: 'transfer_after_lost_attempt',
    title: 'Transfer whose first attempt lost a race',
    body: body('alice', 'bob', 6),
    status: 201,
  });
  const opened = await one(bench, {
    method: 'POST',
    path: '/v1/accounts',
    id: 'open_account',
    title: 'Account opened',
    body: { id: 'grace', metadata: { tier: 'gold' } },
    status: 201,
  });
  return [warm, cold, opening, replay, await replayCold(bench), decline, lost, opened];
}

/** A key whose accounts and record only another instance has seen. */
async function replayCold(bench: Bench): Promise<MeasuredOperation> {
  const key = randomUUID();
  await post(bench.elsewhere, transfer('erin', 'frank', 7, { key, ...details }));
  return one(bench, {
    method: 'POST',
    path: '/v1/transfers',
    id: 'replay_cold',
    title: 'Replay; the instance knows neither balance',
    body: body('erin', 'frank', 7),
    key,
    status: 201,
  });
}

function measureReads(bench: Bench): Promise<MeasuredOperation[]> {
  const requests: Request[] = [
    { id: 'balance', title: 'Balance read', path: '/v1/accounts/alice/balances/USD.2' },
    {
      id: 'balance_at',
      title: 'Balance as of an instant',
      path: `/v1/accounts/alice/balances/USD.2?at=${new Date(Date.now() - 1).toISOString()}`,
    },
    { id: 'history', title: 'History page, 20 entries', path: '/v1/accounts/erin/entries?asset=USD%2F2&limit=20' },
    { id: 'account', title: 'Account read', path: '/v1/accounts/alice' },
  ].map((request) => ({ ...request, method: 'GET', status: 200 }));
  return requests.reduce<Promise<MeasuredOperation[]>>(
    async (done, request) => [...(await done), await one(bench, request)],
    Promise.resolve([]),
  );
}

/** One request, alone: the calls it made, the lines it wrote and the answer it got. */
async function one({ call, proxy }: Bench, request: Request): Promise<MeasuredOperation> {
  proxy.log.length = 0;
  const lines = listenToLines();
  const answer = await call(request.method, request.path, request.body, request.key ? { key: request.key } : {});
  const written = lines.stop();
  if (answer.status !== request.status) throw new Error(`${request.id} got ${answer.status}: ${answer.text}`);
  const calls = proxy.log.splice(0);
  return {
    id: request.id,
    title: request.title,
    kind: request.method === 'GET' ? 'read' : 'write',
    calls: calls.map(({ operation }) => operation).join(', '),
    writeUnits: unitsOf(calls, /^(Transact|Put|Update|Delete|BatchWrite)/),
    readUnits: unitsOf(calls, /^(Get|BatchGet|Query)/),
    logLines: written.length,
    logBytes: written.reduce((sum, line) => sum + Buffer.byteLength(line), 0),
    answerBytes: Buffer.byteLength(answer.text),
  };
}

function unitsOf(calls: readonly ProxiedCall[], operations: RegExp): number {
  return calls.filter(({ operation }) => operations.test(operation)).reduce((sum, call) => sum + units(call), 0);
}

/** A write that is refused takes its units too. The embedded DynamoDB does not report them, so they follow from its items. */
function units(call: ProxiedCall): number {
  if (call.consumedUnits !== undefined) return call.consumedUnits;
  const { TransactItems } = call.body;
  if (!Array.isArray(TransactItems)) return 1;
  return TransactItems.length * unitsPerTransactedItem;
}

/** The items of the newest transfer of a plain account, as they lie in the table. */
async function measureStorage({ database, call }: Bench): Promise<Measured['transferStorage']> {
  const { body: posted } = await call('POST', '/v1/transfers', body('alice', 'bob', 9));
  const partitions = [`T#${tenant}#X#${String(posted.id).slice(3)}`, `T#${tenant}#A#alice`, `T#${tenant}#A#bob`];
  const items = (await Promise.all(partitions.map((partition) => rowsOf(database, partition)))).flat();
  const record = items.filter(({ SK }) => SK?.S === 'RECORD');
  const entries = items.filter(({ transaction }) => transaction?.S === posted.id);
  const bytes = (rows: readonly Record<string, AttributeValue>[]) => rows.reduce((sum, row) => sum + itemSize(row), 0);
  if (record.length !== 1 || entries.length !== 2) throw new Error('a transfer leaves a record and two entries');
  return { recordBytes: bytes(record), entryBytes: bytes(entries), items: record.length + entries.length };
}

async function rowsOf({ client, tables }: TestDatabase, partition: string): Promise<Record<string, AttributeValue>[]> {
  const rows: Record<string, AttributeValue>[] = [];
  const query = {
    TableName: tables.ledger,
    KeyConditionExpression: 'PK = :pk',
    ExpressionAttributeValues: { ':pk': { S: partition } },
  };
  for await (const page of paginateQuery({ client }, query)) rows.push(...(page.Items ?? []));
  return rows;
}
