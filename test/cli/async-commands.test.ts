import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiClient } from '../support/api-client.ts';
import { type RuntimeProcess, startEmbeddedProcess } from '../support/embedded.ts';
import { type CommandResult, florin, jsonLines, rowsOf, saidKey } from './florin-process.ts';

describe('asynchronous commands', () => {
  let runtime: RuntimeProcess;
  let folder: string;
  beforeAll(async () => {
    runtime = await startEmbeddedProcess();
    folder = await mkdtemp(join(tmpdir(), 'florin-async-'));
    const api = new ApiClient(runtime.url, runtime.apiKey);
    for (const id of ['alice', 'bob']) {
      await api.settle('/v1/accounts', { id });
      await api.settle(`/v1/accounts/${id}/deposits`, { asset: 'USD/2', amount: '10000' });
    }
  });
  afterAll(async () => {
    await runtime.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const run = (...args: readonly string[]): Promise<CommandResult> => florin(args, { FLORIN_DATA: runtime.dataFolder });

  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  async function json(...args: readonly string[]): Promise<any> {
    const { code, stdout, stderr } = await run(...args, '--json');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return jsonLines(stdout)[0];
  }

  it('accept a transfer at once, and wait for its end on request', async () => {
    const accepted = await run('transfer', 'alice', 'bob', 'USD/2', '10.50', '--async', '--description', 'Lunch');
    expect(accepted.code).toBe(0);
    const [head = '', description, ...table] = accepted.stdout.split('\n');
    const [id = '', status, type] = head.split('  ');
    expect([status, type, description]).toEqual(['pending', 'transfer', 'Lunch']);
    expect(rowsOf(table.join('\n'))).toEqual([['alice', 'bob', 'USD/2', '10.50']]);
    const done = await run('transaction', id, '--wait');
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toContain('posted');
    expect(done.stdout).toContain('89.50');
    const again = await run(
      ...['transfer', 'alice', 'bob', 'USD/2', '10.50', '--async', '--description', 'Lunch'],
      ...['--key', saidKey(accepted.stderr)],
    );
    expect([again.code, again.stdout]).toEqual([0, accepted.stdout]);
    expect(again.stderr).toContain('This was done before');
  });

  it('accept movements, reversals, captures and batches', async () => {
    const deposit = await json('deposit', 'alice', 'USD/2', '5.00', '--async');
    expect(deposit).toMatchObject({ status: 'pending', type: 'deposit' });
    await json('transaction', deposit.id, '--wait');
    const reversal = await json('reverse', deposit.id, '--amount', '1.00', '--async');
    expect(reversal).toMatchObject({ status: 'pending', type: 'reversal', reverses: deposit.id });
    expect(await json('transaction', reversal.id, '--wait')).toMatchObject({ status: 'posted', reverses: deposit.id });
    const hold = await json('hold', 'create', 'alice', 'USD/2', '3.00');
    const capture = await json('hold', 'capture', hold.id, 'bob', '--async');
    expect(capture).toMatchObject({ status: 'pending', type: 'capture', holdId: hold.id });
    expect(await json('transaction', capture.id, '--wait')).toMatchObject({ status: 'posted', holdId: hold.id });
    const file = join(folder, 'batch.jsonl');
    const line = '{"source":"alice","destination":"bob","asset":"USD/2","amount":"1.25"}\n';
    await writeFile(file, line + line);
    const batch = await run('batch', file, '--async');
    const [[id = '', status] = [], ...members] = batch.stdout
      .trim()
      .split('\n')
      .map((text) => text.split('  '));
    expect([batch.code, status, members.length]).toEqual([0, 'pending', 2]);
    expect(await json('transaction', id, '--wait')).toMatchObject({
      status: 'posted',
      type: 'batch',
      transactions: members.map(([member]) => member),
    });
    expect((await run('transaction', id)).stdout).toContain(members[1]?.[0]);
  });

  it('say by their exit code that what was waited for was declined', async () => {
    const { id } = await json('transfer', 'alice', 'bob', 'USD/2', '99999.00', '--async');
    const waited = await run('transaction', id, '--wait');
    expect(waited).toMatchObject({ code: 3, stderr: expect.stringContaining('rejected, insufficient_funds') });
    expect(waited.stdout).toContain('rejected');
    // To look at it is no failure.
    expect((await run('transaction', id)).code).toBe(0);
    expect((await run('transaction', `tx_${'a'.repeat(52)}`, '--wait')).code).toBe(4);
  });

  it('try what is to be tried without accepting it', async () => {
    expect(await json('transfer', 'alice', 'bob', 'USD/2', '1.00', '--async', '--dry-run')).toMatchObject({
      dryRun: true,
    });
    const pending = await run('pending', 'alice');
    expect([pending.code, rowsOf(pending.stdout)]).toEqual([0, []]);
    expect((await run('pending', 'nobody')).code).toBe(4);
  });
});

describe('what waits', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  const posting = { source: 'alice', destination: 'bob', asset: 'USD/2', amount: '1050' };
  const waiting = {
    id: 'tx_abc',
    status: 'pending',
    type: 'transfer',
    postings: [posting],
    createdAt: '2026-11-21T10:00:00.000Z',
  };

  interface Reply {
    readonly status: number;
    readonly body: object;
    readonly headers?: Readonly<Record<string, string>>;
  }

  /** A service that gives these answers, the last one again and again, and keeps what it was asked. */
  async function serviceOf(...replies: Reply[]) {
    const asked: {
      readonly method?: string | undefined;
      readonly url?: string | undefined;
      readonly key: unknown;
      readonly prefer: unknown;
    }[] = [];
    server = createServer((request, response) => {
      const { method, url, headers } = request;
      asked.push({ method, url, key: headers['idempotency-key'], prefer: headers.prefer });
      const { status, body, headers: own } = (replies.length > 1 ? replies.shift() : replies[0]) as Reply;
      response.writeHead(status, { 'content-type': 'application/json', ...own }).end(JSON.stringify(body));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const run = (...args: string[]) => florin(args, { FLORIN_URL: url, FLORIN_API_KEY: 'flk_secret' });
    return { asked, run };
  }

  const args = ['transfer', 'alice', 'bob', 'USD/2', '10.50'];
  const posted = { ...waiting, status: 'posted', entries: [] };

  it('without having asked for it is asked again with its key, until it is done', async () => {
    const { asked, run } = await serviceOf(
      { status: 202, body: waiting },
      { status: 202, body: waiting },
      { status: 201, body: posted },
    );
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout.includes('posted')]).toEqual([0, true]);
    expect(asked.map(({ key }) => key)).toEqual(Array(3).fill(saidKey(stderr)));
    expect(asked.map(({ prefer }) => prefer)).toEqual(Array(3).fill(undefined));
  });

  it('without having asked for it, beyond the time allowed, ends with the code that says: repeat it', async () => {
    const { run } = await serviceOf({ status: 202, body: waiting });
    const { code, stdout, stderr } = await run(...args, '--timeout', '1');
    expect([code, stdout]).toEqual([6, '']);
    // The time may be over between two requests or during one; what to do is the same.
    expect(stderr).toMatch(/waits for its turn|No final answer/);
    expect(stderr).toContain(`--key ${saidKey(stderr)}`);
  });

  it('on request is asked for once', async () => {
    const { asked, run } = await serviceOf({
      status: 202,
      body: waiting,
      headers: { 'preference-applied': 'respond-async' },
    });
    expect((await run(...args, '--async')).code).toBe(0);
    expect(asked).toMatchObject([{ method: 'POST', prefer: 'respond-async' }]);
  });

  it('is waited for with pauses, until the time allowed is over', async () => {
    const { asked, run } = await serviceOf({ status: 200, body: waiting });
    const { code, stdout, stderr } = await run('transaction', 'tx_abc', '--wait', '--timeout', '6');
    expect([code, stdout.includes('pending')]).toEqual([6, true]);
    expect(stderr).toContain('tx_abc still waits for its turn.');
    expect(asked.length).toBeGreaterThan(2);
    expect(asked.length).toBeLessThan(120);
  });

  it('is listed with what is known of it before its turn', async () => {
    const { id: _, postings: __, ...bare } = waiting;
    const data = [
      waiting,
      { ...bare, id: 'tx_many', postings: [posting, posting, posting], description: 'Rent' },
      { ...bare, id: 'tx_hold', type: 'capture', holdId: 'hold_abc' },
      { ...bare, id: 'tx_back', type: 'reversal', reverses: 'tx_xyz' },
    ];
    const last = [
      { ...bare, id: 'tx_batch', type: 'batch', transactions: ['tx_a', 'tx_b'] },
      { ...bare, id: 'tx_lost' },
    ];
    const { asked, run } = await serviceOf(
      { status: 200, body: { data, nextCursor: 'next' } },
      { status: 200, body: { data: last } },
    );
    const { code, stdout } = await run('pending', 'alice');
    expect(code).toBe(0);
    expect(rowsOf(stdout).map((cells) => [cells[0], ...cells.slice(2)])).toEqual([
      ['tx_abc', 'transfer', '10.50 USD/2 from alice to bob'],
      ['tx_many', 'transfer', '10.50 USD/2 from alice to bob, and 2 more', 'Rent'],
      ['tx_hold', 'capture', 'hold_abc'],
      ['tx_back', 'reversal', 'tx_xyz'],
      ['tx_batch', 'batch', '2 transactions'],
      ['tx_lost', 'transfer'],
    ]);
    expect(asked.map(({ url }) => url)).toEqual([
      '/v1/accounts/alice/pending?limit=100',
      '/v1/accounts/alice/pending?limit=100&cursor=next',
    ]);
  });
});
