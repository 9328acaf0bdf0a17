import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { recordIdOf, shardOf, type TenantId } from '../../lib/ledger/index.ts';
import { ApiClient } from '../support/api-client.ts';
import { type RuntimeProcess, startEmbeddedProcess } from '../support/embedded.ts';
import { type CommandResult, florin, jsonLines, rowsOf } from './florin-process.ts';

let runtime: RuntimeProcess;
let api: ApiClient;
let folder: string;

beforeAll(async () => {
  runtime = await startEmbeddedProcess();
  api = new ApiClient(runtime.url, runtime.apiKey);
  folder = await mkdtemp(join(tmpdir(), 'florin-money-'));
  for (const id of ['alice', 'bob']) {
    await api.settle('/v1/accounts', { id });
    await api.settle(`/v1/accounts/${id}/deposits`, { asset: 'USD/2', amount: '10000' });
  }
});
afterAll(async () => {
  await runtime.stop();
  await rm(folder, { recursive: true, force: true });
});

function run(...args: readonly string[]): Promise<CommandResult> {
  return florin(args, { FLORIN_DATA: runtime.dataFolder });
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
async function json(...args: readonly string[]): Promise<any> {
  const { code, stdout, stderr } = await run(...args, '--json');
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return jsonLines(stdout)[0];
}

describe('hold', () => {
  it('reserves, shows, captures in part and voids, in major units', async () => {
    const created = await run(
      'hold',
      'create',
      'alice',
      'USD/2',
      '30.00',
      '--expires-in',
      '3600',
      '--description',
      'Room',
    );
    expect(created.code).toBe(0);
    const [[id = '', ...cells] = []] = rowsOf(created.stdout);
    expect(cells.slice(0, 6)).toEqual(['open', 'alice', 'USD/2', '30.00', '0.00', '30.00']);
    expect(rowsOf((await run('balance', 'alice', 'USD/2')).stdout)[0]?.slice(2, 5)).toEqual([
      '100.00',
      '30.00',
      '70.00',
    ]);

    const captured = await json('hold', 'capture', id, 'bob', '--amount', '12.50', '--metadata', 'night=1');
    expect(captured).toMatchObject({ status: 'posted', holdId: id, metadata: { night: '1' } });
    expect(captured.postings[0]).toMatchObject({ source: 'alice', destination: 'bob', amount: '1250' });
    const tooMuch = await run('hold', 'capture', id, 'bob', '--amount', '17.51');
    expect(tooMuch).toMatchObject({ code: 3, stderr: expect.stringContaining('exceeds_remaining') });

    const voided = rowsOf((await run('hold', 'void', id)).stdout)[0];
    expect(voided?.slice(1, 7)).toEqual(['voided', 'alice', 'USD/2', '30.00', '12.50', '0.00']);
    expect(rowsOf((await run('hold', 'show', id)).stdout)[0]).toEqual(voided);
    expect(await run('hold', 'void', id)).toMatchObject({ code: 5, stderr: expect.stringContaining('hold_not_open') });
    expect((await json('balance', 'alice', 'USD/2')).available).toBe('8750');
  });

  it('captures all that remains, once for one key', async () => {
    const { id } = await json('hold', 'create', 'bob', 'USD/2', '500');
    const before = (await json('balance', 'bob', 'USD/2')).posted;
    const first = await json('hold', 'capture', id, 'alice', '--final', '--key', 'capture-once');
    expect(await json('hold', 'capture', id, 'alice', '--final', '--key', 'capture-once')).toEqual(first);
    expect(Number((await json('balance', 'bob', 'USD/2')).posted)).toBe(Number(before) - 500);
  });

  it.each([
    [4, 'not_found', ['hold', 'show', `hold_${'a'.repeat(52)}`]],
    [3, 'insufficient_funds', ['hold', 'create', 'alice', 'USD/2', '100000.00']],
    [
      2,
      'expiresAt or expiresInSeconds',
      ['hold', 'create', 'alice', 'USD/2', '1', '--expires-in', '5', '--expires-at', '2030-01-01T00:00:00Z'],
    ],
    [2, 'whole number from 1', ['hold', 'create', 'alice', 'USD/2', '1', '--expires-in', '0']],
  ])('ends with %i: %s', async (code, message, args) => {
    const result = await run(...args);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toContain(message);
  });
});

describe('reverse', () => {
  it('reverses a part in major units, then the rest, and no more', async () => {
    const { id } = await json('transfer', 'alice', 'bob', 'USD/2', '8.00');
    const part = await json('reverse', id, '--amount', '2.50', '--description', 'Half a lunch');
    expect(part).toMatchObject({ reverses: id, description: 'Half a lunch' });
    expect(part.postings).toEqual([{ source: 'bob', destination: 'alice', asset: 'USD/2', amount: '250' }]);
    const preview = await json('reverse', id, '--dry-run');
    expect(preview).toMatchObject({ dryRun: true, postings: [{ amount: '550' }] });
    expect(await run('reverse', id, '--amount', '5.51')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('exceeds_remaining'),
    });
    expect((await json('reverse', id)).postings[0].amount).toBe('550');
    expect(await run('reverse', id)).toMatchObject({ code: 5, stderr: expect.stringContaining('already_reversed') });
    expect((await json('transaction', id)).reversedAmount).toBe('800');
  });
});

describe('batch', () => {
  async function file(lines: readonly string[]): Promise<string> {
    const path = join(folder, 'batch.jsonl');
    await writeFile(path, lines.join('\n'));
    return path;
  }
  const good = '{"source":"alice","destination":"bob","asset":"USD/2","amount":"1.25"}';
  const payroll = '{"postings":[{"source":"alice","destination":"bob","asset":"USD/2","amount":75}],"type":"payroll"}';

  it('posts all of a file, once for one key', async () => {
    const before = Number((await json('balance', 'bob', 'USD/2')).posted);
    const path = await file([good, '', payroll]);
    expect((await json('batch', path, '--dry-run')).transactions).toHaveLength(2);
    const { transactions } = await json('batch', path, '--key', 'batch-1');
    expect(transactions.map(({ type }: { type: string }) => type)).toEqual(['transfer', 'payroll']);
    expect((await run('batch', path, '--key', 'batch-1')).stdout).toMatch(/^batch tx_[a-z2-7]{52}\n/);
    expect(Number((await json('balance', 'bob', 'USD/2')).posted)).toBe(before + 200);
  });

  it('posts none where one is declined', async () => {
    const before = (await json('balance', 'bob', 'USD/2')).posted;
    const path = await file([good, '{"source":"alice","destination":"bob","asset":"USD/2","amount":"9999999.00"}']);
    expect(await run('batch', path)).toMatchObject({ code: 3, stdout: '' });
    expect((await json('balance', 'bob', 'USD/2')).posted).toBe(before);
  });

  it.each([
    ['{', 'Line 1 of'],
    ['{"source":"alice"}', 'neither asset and amount nor postings'],
    ['{"source":"alice","destination":"bob","asset":"USD/2","amount":"1.005"}', 'Nothing is rounded'],
    ['{"source":"alice","destination":"bob","asset":"USD/2","amount":"1","unknown":1}', 'invalid_request'],
  ])('refuses %j', async (line, message) => {
    expect(await run('batch', await file([line]))).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  });
});

describe('accounts over shards', () => {
  it('are created, and shown as such', async () => {
    const { stdout } = await run('accounts', 'create', 'hot', '--unbounded', '--shards', '4');
    expect(rowsOf(stdout)[0]?.slice(0, 3)).toEqual(['hot', 'active', 'unbounded, 4 shards']);
  });

  it('are audited shard by shard, also while they move', async () => {
    const body = { source: 'hot', destination: 'alice', asset: 'GOLD_COINS', amount: '1' };
    const pay = (key?: string) => api.settle('/v1/transfers', body, key);
    // The first balance is always shard 0; then a key chooses.
    for (const key of keysOfShard(2, 4).slice(0, 10)) await pay(key);
    const { data } = (await api.get('/v1/accounts/hot/entries?limit=100')).body;
    expect(new Set(data.map(({ shard = 0 }) => shard)).size).toBeGreaterThan(1);
    let isOver = false;
    const writing = (async () => {
      while (!isOver) await pay();
    })();
    for (let round = 0; round < 3; round++) {
      const { code, stdout } = await run('audit', '--account', 'hot', '--json');
      expect(code).toBe(0);
      expect(jsonLines(stdout)[0]).toMatchObject({ accounts: 1, balances: 1, findings: 0 });
    }
    isOver = true;
    await writing;
    expect(await json('audit')).toMatchObject({ unsettled: 0, findings: 0 });
  });
});

/** Idempotency keys that belong to a shard, of so many. */
function keysOfShard(shard: number, shards: number): string[] {
  const keys = Array.from({ length: 200 }, (_, index) => `hot-${index}`);
  return keys.filter((key) => shardOf(recordIdOf('default' as TenantId, key), shards) === shard);
}

describe('statement and export', () => {
  it('shows what moved a balance, from what to what', async () => {
    await api.settle('/v1/accounts', { id: 'carol' });
    const deposit = (await api.settle('/v1/accounts/carol/deposits', { asset: 'USD/2', amount: '1000' })).body;
    const entries = [deposit];
    for (const amount of ['150', '250']) {
      await sleep(5);
      entries.push((await api.settle('/v1/accounts/carol/spends', { asset: 'USD/2', amount, description: '=x' })).body);
    }
    // A period ends where nothing can change any more, some twelve seconds ago.
    await untilFinal(entries[2].createdAt);
    const from = entries[1].createdAt;
    const { code, stdout } = await run('statement', 'carol', 'USD/2', '--from', from);
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toBe(`Opening balance  10.00  ${from}`);
    expect(rowsOf(lines.slice(1, -1).join('\n')).map((row) => row.slice(3, 5))).toEqual([
      ['-1.50', '8.50'],
      ['-2.50', '6.00'],
    ]);
    expect(lines.at(-1)).toMatch(/^Closing balance {2}6\.00 {2}2\S+Z$/);

    const jsonl = jsonLines((await run('statement', 'carol', 'USD/2', '--json')).stdout);
    expect(jsonl.map(({ kind, balance, amount }) => [kind, balance ?? amount])).toEqual([
      ['opening', '0'],
      ['entry', '1000'],
      ['entry', '-150'],
      ['entry', '-250'],
      ['closing', '600'],
    ]);
    const csv = (await run('statement', 'carol', 'USD/2', '--format', 'csv')).stdout.split('\r\n');
    expect(csv[0]).toMatch(/^kind,account,asset,/);
    expect(csv.filter((line) => line.startsWith('entry,carol,USD/2,'))).toHaveLength(3);
    expect(csv.filter((line) => line.includes("'=x"))).toHaveLength(2);
  });

  async function untilFinal(time: string): Promise<void> {
    const path = `/v1/accounts/carol/statements?asset=USD.2&to=${time}`;
    while ((await api.get(path)).body.to < time) await sleep(250);
  }
});
