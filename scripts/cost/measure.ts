import { randomUUID } from 'node:crypto';
import { transfer } from '../../test/support/ledger-fixture.ts';
import { listenToLines } from './log-lines.ts';
import { measureBackground } from './measure-background.ts';
import { measureStorage } from './measure-storage.ts';
import type { Measured, MeasuredOperation } from './measured.ts';
import { details, type MeasuredFunctions, post, startMeasuredFunctions, transferBody } from './measured-functions.ts';
import { readUnitsOf, writeUnitsOf } from './units.ts';

const historyPath = '/v1/accounts/erin/entries?asset=USD%2F2&limit=20';

/**
 * Runs one request of each kind through the real functions on an embedded DynamoDB that reports the units consumed.
 * It writes to the environment and listens to standard output, so it wants a process to itself.
 */
export async function measure(): Promise<Measured> {
  // What the preparations log is nobody's to read.
  const unmeasured = listenToLines();
  try {
    const functions = await startMeasuredFunctions();
    try {
      const operations = [
        ...(await measureWrites(functions)),
        ...(await measureReads(functions)),
        ...(await measureAccess(functions)),
      ];
      const background = await measureBackground(functions);
      return { operations, background, transferStorage: await measureStorage(functions) };
    } finally {
      await functions.stop();
    }
  } finally {
    unmeasured.stop();
  }
}

interface Request {
  readonly id: string;
  readonly title: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
}

async function measureWrites(functions: MeasuredFunctions): Promise<MeasuredOperation[]> {
  const transfers = { method: 'POST', path: '/v1/transfers' };
  const replayed = randomUUID();
  const warm = await one(functions, {
    ...transfers,
    id: 'transfer_warm',
    title: 'Transfer; the instance knows both balances',
    body: transferBody('alice', 'bob', 5),
    key: replayed,
    status: 201,
  });
  const cold = await one(functions, {
    ...transfers,
    id: 'transfer_cold',
    title: 'Transfer; the instance knows neither balance',
    body: transferBody('carol', 'dave', 5),
    status: 201,
  });
  const opening = await one(functions, {
    ...transfers,
    id: 'transfer_opening',
    title: 'Transfer that opens a balance',
    body: transferBody('alice', 'fresh', 5),
    status: 201,
  });
  const replay = await one(functions, {
    ...transfers,
    id: 'replay_warm',
    title: 'Replay; the instance knows both balances',
    body: transferBody('alice', 'bob', 5),
    key: replayed,
    status: 201,
  });
  const decline = await one(functions, {
    ...transfers,
    id: 'decline',
    title: 'Decline, such as insufficient funds',
    body: transferBody('bob', 'alice', 10_000_000),
    status: 422,
  });
  await post(functions.elsewhere, transfer('alice', 'carol', 1));
  const lost = await one(functions, {
    ...transfers,
    id: 'transfer_after_lost_attempt',
    title: 'Transfer whose first attempt lost a race',
    body: transferBody('alice', 'bob', 6),
    status: 201,
  });
  const accepted = await one(functions, {
    ...transfers,
    id: 'transfer_accepted',
    title: 'Asynchronous transfer: accepted',
    body: transferBody('alice', 'bob', 6),
    headers: { prefer: 'respond-async' },
    status: 202,
  });
  const opened = await one(functions, {
    method: 'POST',
    path: '/v1/accounts',
    id: 'open_account',
    title: 'Account opened',
    body: { id: 'grace', metadata: { tier: 'gold' } },
    status: 201,
  });
  return [warm, cold, opening, replay, await replayCold(functions), decline, lost, accepted, opened];
}

/** A key whose accounts and record only another instance has seen. */
async function replayCold(functions: MeasuredFunctions): Promise<MeasuredOperation> {
  const key = randomUUID();
  await post(functions.elsewhere, transfer('erin', 'frank', 7, { key, ...details }));
  return one(functions, {
    method: 'POST',
    path: '/v1/transfers',
    id: 'replay_cold',
    title: 'Replay; the instance knows neither balance',
    body: transferBody('erin', 'frank', 7),
    key,
    status: 201,
  });
}

function measureReads(functions: MeasuredFunctions): Promise<MeasuredOperation[]> {
  const requests: Request[] = [
    { id: 'balance', title: 'Balance read', path: '/v1/accounts/alice/balances/USD.2' },
    {
      id: 'balance_at',
      title: 'Balance as of an instant',
      path: `/v1/accounts/alice/balances/USD.2?at=${new Date(Date.now() - 1).toISOString()}`,
    },
    // The first page that an instance reads of an account also tells it over how many shards the account is spread.
    { id: 'history_first', title: 'History page, 20 entries, the first of an account', path: historyPath },
    { id: 'history', title: 'History page, 20 entries', path: historyPath },
    { id: 'account', title: 'Account read', path: '/v1/accounts/alice' },
  ].map((request) => ({ ...request, method: 'GET', status: 200 }));
  return requests.reduce<Promise<MeasuredOperation[]>>(
    async (done, request) => [...(await done), await one(functions, request)],
    Promise.resolve([]),
  );
}

/** The same read by an API client: what the access check and the client's allowance take. All others here are made with the key of the deployment. */
async function measureAccess(functions: MeasuredFunctions): Promise<MeasuredOperation[]> {
  const made = await functions.call('POST', '/v1/admin/clients', { name: 'Reader', roles: ['reader'] });
  if (made.status !== 201) throw new Error(`no client was made: ${made.text}`);
  const balance = {
    method: 'GET',
    path: '/v1/accounts/alice/balances/USD.2',
    headers: { Authorization: `Bearer ${made.body.key}` },
    status: 200,
  };
  const first = await one(functions, {
    ...balance,
    id: 'balance_by_new_client',
    title: 'Balance read by an API client, the first request of its key',
  });
  const next = await one(functions, {
    ...balance,
    id: 'balance_by_client',
    title: 'Balance read by an API client whose key the instance knows, and for which it has a lease',
  });
  return [first, next];
}

/** One request, alone: the calls it made, the lines it wrote and the answer it got. */
async function one({ call, proxy, queues }: MeasuredFunctions, request: Request): Promise<MeasuredOperation> {
  proxy.log.length = 0;
  queues.log.length = 0;
  const lines = listenToLines();
  const answer = await call(request.method, request.path, request.body, {
    ...(request.key && { key: request.key }),
    ...(request.headers && { headers: request.headers }),
  });
  const written = lines.stop();
  if (answer.status !== request.status) throw new Error(`${request.id} got ${answer.status}: ${answer.text}`);
  const calls = proxy.log.splice(0);
  return {
    id: request.id,
    title: request.title,
    kind: request.method === 'GET' ? 'read' : 'write',
    calls: calls.map(({ operation }) => operation).join(', '),
    writeUnits: writeUnitsOf(calls),
    readUnits: readUnitsOf(calls),
    logLines: written.length,
    logBytes: written.reduce((sum, line) => sum + Buffer.byteLength(line), 0),
    answerBytes: Buffer.byteLength(answer.text),
    queueRequests: queues.log.splice(0).length,
  };
}
