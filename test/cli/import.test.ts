import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { progressBar } from '../../cli/import/progress-bar.ts';
import { auditOverApi, historyOf } from '../support/api-books.ts';
import { ApiClient } from '../support/api-client.ts';
import { type RuntimeProcess, startEmbeddedProcess } from '../support/embedded.ts';
import { type CommandResult, florin, jsonLines, startFlorin } from './florin-process.ts';

let runtime: RuntimeProcess;
let api: ApiClient;
let folder: string;

beforeAll(async () => {
  runtime = await startEmbeddedProcess();
  api = new ApiClient(runtime.url, runtime.apiKey);
  folder = await mkdtemp(join(tmpdir(), 'florin-import-'));
});
afterAll(async () => {
  await runtime.stop();
  await rm(folder, { recursive: true, force: true });
});

async function write(name: string, lines: readonly unknown[]): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
  return file;
}

function importFile(file: string, ...args: readonly string[]): Promise<CommandResult> {
  return florin(['import', file, '--json', ...args], { FLORIN_DATA: runtime.dataFolder });
}

async function posted(account: string, asset: string): Promise<string> {
  const { body } = await api.get(`/v1/accounts/${account}/balances/${asset.replace('/', '.')}`);
  return body.posted;
}

const none = { lines: 0, applied: 0, replayed: 0, present: 0, empty: 0, refused: 0 };

describe('an import', () => {
  it('applies each kind of line, once, however often it is run', async () => {
    const payment = {
      kind: 'transaction',
      postings: [{ source: 'imp:a', destination: 'imp:b', asset: 'NOK/2', amount: '2.50' }],
    };
    const file = await write('kinds.jsonl', [
      { kind: 'import', id: 'kinds' },
      { kind: 'asset', code: 'NOK/2', name: 'Krone' },
      { kind: 'account', id: 'imp:a', metadata: { tier: 'gold' } },
      { kind: 'account', id: 'imp:b', floors: { 'NOK/2': '-100.00' } },
      '',
      {
        kind: 'openingBalance',
        account: 'imp:a',
        asset: 'NOK/2',
        amount: '100.00',
        occurredAt: '2025-12-31T23:59:59Z',
      },
      { kind: 'openingBalance', account: 'imp:b', asset: 'NOK/2', amount: '-10.00' },
      { kind: 'openingBalance', account: 'imp:b', asset: 'NOK/2', amount: '0' },
      payment,
      // The same purchase a second time is another purchase.
      payment,
      { ...payment, type: 'sale', description: 'Third', metadata: { order: '7' }, occurredAt: '2026-01-02T03:04:05Z' },
    ]);
    const first = await importFile(file);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(jsonLines(first.stdout)).toEqual([{ ...none, lines: 9, applied: 8, empty: 1 }]);
    expect(jsonLines((await importFile(file)).stdout)).toEqual([{ ...none, lines: 9, replayed: 8, empty: 1 }]);

    expect([await posted('imp:a', 'NOK/2'), await posted('imp:b', 'NOK/2')]).toEqual(['9250', '-250']);
    const history = await historyOf(api, 'imp:a', 'NOK/2');
    expect(history.map(({ type, amount }) => [type, amount])).toEqual([
      ['opening_balance', '10000'],
      ['transaction', '-250'],
      ['transaction', '-250'],
      ['sale', '-250'],
    ]);
    const [opening, , , sale] = await Promise.all(
      history.map(async ({ transactionId }) => (await api.get(`/v1/transactions/${transactionId}`)).body),
    );
    expect(opening.metadata).toEqual({ occurredAt: '2025-12-31T23:59:59Z' });
    expect(sale).toMatchObject({ description: 'Third', metadata: { order: '7', occurredAt: '2026-01-02T03:04:05Z' } });
  });

  it('finds assets and accounts that are there already, and refuses those that differ', async () => {
    const lines = [
      { kind: 'asset', code: 'USD/2', name: 'US dollars' },
      { kind: 'account', id: 'user_001' },
      { kind: 'account', id: 'user_002', unbounded: true, owner: 'somebody' },
      { kind: 'asset', code: 'GOLD_COINS', name: 'Silver' },
    ];
    const file = await write('present.jsonl', lines);
    const { code, stdout } = await importFile(file, '--import-id', 'present');
    expect(code).toBe(9);
    expect(jsonLines(stdout)).toEqual([{ ...none, lines: 4, present: 2, refused: 2 }]);
    const refused = jsonLines(await readFile(join(folder, 'present.refused.jsonl'), 'utf8'));
    expect(refused.map(({ refused: why }) => [why.line, why.detail]).toSorted()).toEqual([
      [3, 'account user_002 exists, with another unbounded and owner'],
      [4, 'asset GOLD_COINS exists, with another name'],
    ]);
  });

  it('knows everything that an account may be made with, and finds it there again', async () => {
    const lines = [
      { kind: 'account', id: 'all:spread', unbounded: true, shards: 4 },
      {
        kind: 'account',
        id: 'all:limited',
        freezes: 'all',
        limits: { 'USD/2': { day: { amount: '100.00', count: 5 } } },
      },
    ];
    const file = await write('everything.jsonl', lines);
    expect(jsonLines((await importFile(file, '--import-id', 'one')).stdout)).toEqual([
      { ...none, lines: 2, applied: 2 },
    ]);
    expect(jsonLines((await importFile(file, '--import-id', 'two')).stdout)).toEqual([
      { ...none, lines: 2, present: 2 },
    ]);
    const { body } = await api.get('/v1/accounts/all:limited');
    expect(body).toMatchObject({ freezes: 'all', limits: { 'USD/2': { day: { amount: '10000', count: 5 } } } });
  });

  it('goes on behind refused lines, and its report can be corrected and imported', async () => {
    const pay = (amount: string) => ({
      kind: 'transaction',
      postings: [{ source: 'ref:a', destination: 'ref:b', asset: 'USD/2', amount }],
    });
    const file = await write('broken.jsonl', [
      { kind: 'import', id: 'broken' },
      { kind: 'account', id: 'ref:a' },
      { kind: 'openingBalance', account: 'ref:a', asset: 'USD/2', amount: '5.00' },
      '{"kind":',
      { ...pay('1.005'), key: 'my-own' },
      { ...pay('1.00'), postings: [{ source: 'ref:a', destination: 'ref:late', asset: 'USD/2', amount: '1.00' }] },
      { kind: 'account', id: 'ref:b' },
      pay('7.00'),
      pay('2.00'),
    ]);
    const { code, stdout, stderr } = await importFile(file);
    expect(code).toBe(9);
    expect(stderr).toContain('broken.refused.jsonl');
    expect(jsonLines(stdout)).toEqual([{ ...none, lines: 8, applied: 4, refused: 4 }]);
    expect(await posted('ref:a', 'USD/2')).toBe('300');

    const report = jsonLines(await readFile(join(folder, 'broken.refused.jsonl'), 'utf8'));
    const byLine = new Map(report.map((line) => [line.refused.line, line]));
    expect([...byLine.keys()].toSorted()).toEqual([4, 5, 6, 8]);
    expect(byLine.get(4)).toMatchObject({ refused: { code: 'invalid_line', content: '{"kind":' } });
    expect(byLine.get(5)).toMatchObject({ key: 'my-own', refused: { code: 'invalid_line' } });
    expect(byLine.get(6)).toMatchObject({
      key: expect.stringMatching(/^import_/),
      refused: { code: 'account_not_found', isFinal: false },
    });
    expect(byLine.get(8)).toMatchObject({ refused: { code: 'insufficient_funds', isFinal: true } });
    expect(byLine.get(8)).not.toHaveProperty('key');

    expect((await api.post('/v1/accounts', { id: 'ref:late' })).status).toBe(201);
    // Line 6 may now succeed from either file, and does so once: the report names the key that it has there.
    expect(jsonLines((await importFile(file)).stdout)).toEqual([
      { ...none, lines: 8, applied: 1, replayed: 4, refused: 3 },
    ]);
    expect(await posted('ref:a', 'USD/2')).toBe('200');
    // A final decline stays one for its key, also when the funds have come; corrected and under another name it is a new line.
    const refill = { kind: 'openingBalance', account: 'ref:a', asset: 'USD/2', amount: '10.00', key: 'refill' };
    const corrected = await write('corrected.jsonl', [refill, byLine.get(6), byLine.get(8)]);
    const again = await importFile(corrected, '--import-id', 'broken-2');
    expect(again.code).toBe(0);
    expect(jsonLines(again.stdout)).toEqual([{ ...none, lines: 3, applied: 2, replayed: 1 }]);
    expect(await posted('ref:a', 'USD/2')).toBe('500');
    expect(jsonLines((await importFile(file)).stdout)).toEqual([{ ...none, lines: 8, replayed: 5, refused: 3 }]);
    expect(await posted('ref:a', 'USD/2')).toBe('500');
  });

  it('refuses a file without a name, and one that cannot be read, before anything is sent', async () => {
    const file = await write('nameless.jsonl', [{ kind: 'account', id: 'nameless' }]);
    const nameless = await importFile(file);
    expect(nameless).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--import-id') });
    expect((await api.get('/v1/accounts/nameless')).status).toBe(404);
    expect(await importFile(join(folder, 'not-there.jsonl'))).toMatchObject({ code: 2 });
  });

  it('needs no name where every line has a key of its own', async () => {
    const file = await write('keys.jsonl', [{ kind: 'account', id: 'own-key', key: 'own-key-1' }]);
    expect(jsonLines((await importFile(file)).stdout)).toEqual([{ ...none, lines: 1, applied: 1 }]);
  });

  it('takes a name for the import on the first line only', async () => {
    const file = await write('late.jsonl', [
      { kind: 'account', id: 'late', key: 'late-1' },
      { kind: 'import', id: 'late' },
    ]);
    expect(await importFile(file)).toMatchObject({ code: 9 });
    const [line] = jsonLines(await readFile(join(folder, 'late.refused.jsonl'), 'utf8'));
    expect(line.refused).toMatchObject({ line: 2, detail: 'only the first line may name the import' });
  });

  it('ends at once without leave to import', async () => {
    const file = await write('forbidden.jsonl', [{ kind: 'account', id: 'forbidden', key: 'forbidden-1' }]);
    const result = await importFile(file, '--api-key', `flk_dev_${'x'.repeat(32)}`);
    expect(result).toMatchObject({ code: 8, stdout: '' });
  });

  it('keeps the order of each account: a long chain of debits that are covered only in the order of the file', async () => {
    const coins = (source: string, destination: string, amount: number) => ({
      kind: 'transaction',
      postings: [{ source, destination, asset: 'GOLD_COINS', amount }],
    });
    const hops = Array.from({ length: 40 }, (_, hop) => coins(`hop:${hop}`, `hop:${hop + 1}`, 7));
    const backs = hops.map(({ postings: [posting] }) => coins(posting?.destination ?? '', posting?.source ?? '', 7));
    const file = await write('chain.jsonl', [
      { kind: 'import', id: 'chain' },
      ...Array.from({ length: 41 }, (_, hop) => ({ kind: 'account', id: `hop:${hop}` })),
      coins('system:treasury', 'hop:0', 7),
      ...hops,
      ...backs.toReversed(),
      coins('hop:0', 'system:revenue', 7),
    ]);
    const { stdout } = await importFile(file);
    expect(jsonLines(stdout)).toEqual([{ ...none, lines: 123, applied: 123 }]);
    expect(await posted('hop:0', 'GOLD_COINS')).toBe('0');
  });
});

describe('an import that is broken off', () => {
  const accounts = Array.from({ length: 20 }, (_, index) => `brk:${index}`);
  const rounds = 20;
  const opening = 1_000n;

  /** Opening balances, then rounds of payments to the right-hand neighbour: in the end everybody has what they began with. */
  function lines(): unknown[] {
    return [
      { kind: 'import', id: 'broken-off' },
      { kind: 'asset', code: 'BRK' },
      ...accounts.map((id) => ({ kind: 'account', id })),
      ...accounts.map((account) => ({ kind: 'openingBalance', account, asset: 'BRK', amount: String(opening) })),
      ...Array.from({ length: rounds }, () =>
        accounts.map((source, index) => ({
          kind: 'transaction',
          postings: [{ source, destination: accounts[(index + 1) % accounts.length], asset: 'BRK', amount: '10' }],
        })),
      ).flat(),
    ];
  }
  const total = 1 + 2 * accounts.length + rounds * accounts.length;

  async function checkBooks(): Promise<void> {
    for (const account of accounts) {
      expect(await posted(account, 'BRK')).toBe(String(opening));
      // The opening balance, and one payment each way a round: nothing is missing, nothing is there twice.
      expect(await historyOf(api, account, 'BRK')).toHaveLength(1 + 2 * rounds);
    }
    expect(await auditOverApi(api, [...accounts, 'system:external'], 'BRK')).toEqual([]);
  }

  it('continues where it was, after the process was killed several times', async () => {
    const file = await write('killed.jsonl', lines());
    let kills = 0;
    let result: CommandResult | undefined;
    while (!result) {
      const running = startFlorin(['import', file, '--json'], { FLORIN_DATA: runtime.dataFolder });
      if (kills < 4) {
        const before = await entriesSoFar();
        await Promise.race([running.ended, untilMoreThan(before + 50)]);
        running.process.kill('SIGKILL');
        kills += 1;
        expect((await running.ended).code).toBeNull();
      } else {
        result = await running.ended;
      }
    }
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const [summary] = jsonLines(result.stdout);
    expect(summary).toEqual({ ...none, lines: total, applied: summary.applied, replayed: total - summary.applied });
    // Each of the four was killed after fifty entries more, two a line, and behind the 21 lines that make no entries.
    expect(summary.replayed).toBeGreaterThanOrEqual(121);
    await checkBooks();
  });

  it('ends with exit code 6 when the service is gone, and continues when it is back', async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), 'florin-import-service-'));
    const file = await write('service.jsonl', lines());
    const first = await startEmbeddedProcess({ dataFolder });
    const own = new ApiClient(first.url, first.apiKey);
    const running = startFlorin(['import', file, '--timeout', '8'], {
      FLORIN_URL: first.url,
      FLORIN_API_KEY: first.apiKey,
    });
    await Promise.race([running.ended, untilMoreThan(100, own)]);
    await first.kill();
    const result = await running.ended;
    expect(result).toMatchObject({ code: 6, stdout: '' });
    expect(result.stderr).toMatch(/Broken off after \d+ lines: .*Run it again to continue/);
    const second = await startEmbeddedProcess({ dataFolder, port: first.port });
    try {
      const finished = await florin(['import', file, '--json'], {
        FLORIN_URL: first.url,
        FLORIN_API_KEY: first.apiKey,
      });
      expect(finished).toMatchObject({ code: 0 });
      const [summary] = jsonLines(finished.stdout);
      expect(summary.applied + summary.replayed).toBe(total);
      expect(await auditOverApi(own, [...accounts, 'system:external'], 'BRK')).toEqual([]);
      expect(await historyOf(own, accounts[0] as string, 'BRK')).toHaveLength(1 + 2 * rounds);
    } finally {
      await second.stop();
      await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 });
    }
  });

  /** How many entries the neighbours have together, as far as they exist. */
  async function entriesSoFar(client = api): Promise<number> {
    const answers = await Promise.all(accounts.map((id) => client.get(`/v1/accounts/${id}/entries?asset=BRK&limit=1`)));
    return answers.reduce((sum, { body }) => sum + Number(body.data?.[0]?.sequence ?? 0), 0);
  }

  async function untilMoreThan(count: number, client = api): Promise<void> {
    const giveUpAt = Date.now() + 20_000;
    while ((await entriesSoFar(client)) <= count && Date.now() < giveUpAt) await sleep(5);
  }
});

describe('progressBar', () => {
  class Screen extends Writable {
    readonly isTTY = true;
    text = '';
    override _write(chunk: Buffer, _: string, done: () => void): void {
      this.text += chunk.toString();
      done();
    }
    cursorTo(): boolean {
      return true;
    }
    clearLine(): boolean {
      return true;
    }
  }

  it('shows on a terminal how far it is', () => {
    const screen = new Screen();
    const bar = progressBar(1_000, screen as unknown as NodeJS.WriteStream);
    bar.update({ ...none, lines: 50, applied: 5, replayed: 4, refused: 3 }, 500);
    bar.stop();
    expect(screen.text).toContain('50% |');
    expect(screen.text).toContain('12 lines done, 3 refused');
  });

  it('writes nothing where nobody watches', () => {
    const screen = Object.assign(new Screen(), { isTTY: false });
    const bar = progressBar(1_000, screen as unknown as NodeJS.WriteStream);
    bar.update({ ...none, lines: 12 }, 500);
    bar.stop();
    expect(screen.text).toBe('');
  });
});
