import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { LedgerAudit } from '../../lib/dynamodb/audit/ledger-audit.ts';
import { systemClock } from '../../lib/dynamodb/table/patience.ts';
import { encodeCursor } from '../../lib/http/cursor.ts';
import { maxClockSkewMs, maxCommitMs } from '../../lib/ledger/index.ts';
import { type ApiAnswer, insistingly, startApi, type TestApi } from './api.ts';

/** The books are made a minute ago, so that all of them are final now. */
const madeAgoMs = 60_000;

let api: TestApi;
let made: { readonly id: string; readonly createdAt: string }[];
const transfers = 7;
beforeAll(async () => {
  api = await startApi();
  const clock = jest.spyOn(systemClock, 'now').mockImplementation(() => Date.now() - madeAgoMs);
  const call = insistingly(api.call);
  for (const code of ['USD/2', 'GEMS']) await call('POST', '/v1/assets', { code });
  for (const id of ['system:external', 'system:treasury']) await call('POST', '/v1/accounts', { id, unbounded: true });
  for (const id of ['alice', 'bob', 'idle']) await call('POST', '/v1/accounts', { id });
  await call('POST', '/v1/accounts/alice/deposits', { asset: 'USD/2', amount: '1000' });
  await call('POST', '/v1/accounts/alice/top-ups', { asset: 'GEMS', amount: '5' });
  made = [];
  for (let i = 1; i <= transfers; i++) {
    clock.mockImplementation(() => Date.now() - madeAgoMs + 1_000 * i);
    const body = { source: 'alice', destination: 'bob', asset: 'USD/2', amount: String(10 * i), description: texts[i] };
    made.push((await call('POST', '/v1/transfers', body)).body);
  }
  clock.mockRestore();
});
afterAll(() => api.stop());

/** Descriptions with everything that CSV has to get past. */
const texts: Readonly<Record<number, string>> = {
  1: '=HYPERLINK("http://example.org","Lunch")',
  2: 'a, b and "c"',
  3: 'two\nlines',
  4: '@home',
  5: '-5 off',
  6: 'plain',
  7: 'Zürich 💶',
};

const statement = '/v1/accounts/alice/statements?asset=USD.2';

/** All pages of a report, in any form. */
async function pages(path: string, headers: Record<string, string> = {}): Promise<ApiAnswer[]> {
  const answers: ApiAnswer[] = [];
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? '' : `&cursor=${cursor}`;
    const answer = await api.call('GET', path + query, undefined, { headers });
    expect([answer.status, answer.text]).toEqual([200, answer.text]);
    answers.push(answer);
    cursor = answer.headers['X-Next-Cursor'];
  } while (cursor !== undefined);
  return answers;
}

/** Reads CSV by the letter of RFC 4180. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cells = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  while (cells.lastIndex < text.length) {
    const [, quoted, plain, end] = cells.exec(text) ?? [];
    if (end === undefined) throw new Error(`no cell at ${cells.lastIndex}`);
    row.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

describe('getStatement', () => {
  it('has what moved a balance, from what to what', async () => {
    const { body, headers } = await api.call('GET', statement);
    expect(body).toMatchObject({ account: 'alice', asset: 'USD/2', opening: '0', closing: '720' });
    expect(body.from).toBeUndefined();
    expect(body.nextCursor).toBeUndefined();
    expect(headers['X-Period-End']).toBe(body.to);
    expect(Date.now() - Date.parse(body.to)).toBeGreaterThanOrEqual(12_000);
    expect(body.data.map(({ amount }: { amount: string }) => amount)).toEqual([
      '1000',
      ...made.map((_, index) => String(-10 * (index + 1))),
    ]);
  });

  it('begins and ends with the balances at the ends of its period, both included', async () => {
    const [, second, third, fourth] = made;
    const { body } = await api.call('GET', `${statement}&from=${second?.createdAt}&to=${fourth?.createdAt}`);
    expect(body).toMatchObject({ from: second?.createdAt, to: fourth?.createdAt, opening: '990', closing: '900' });
    expect(body.data.map(({ transactionId }: { transactionId: string }) => transactionId)).toEqual(
      [second, third, fourth].map((one) => one?.id),
    );
  });

  it('has both balances where nothing happened', async () => {
    const before = '2020-01-01T00:00:00.000Z';
    const { body } = await api.call('GET', `${statement}&to=${before}`);
    expect(body).toMatchObject({ to: before, opening: '0', closing: '0', data: [] });
    const idle = await api.call('GET', '/v1/accounts/idle/statements?asset=USD.2');
    expect(idle.body).toMatchObject({ opening: '0', closing: '0', data: [] });
  });

  it('ends where everything is final, whatever end is asked for, and says so', async () => {
    const { body } = await api.call('GET', `${statement}&to=2200-01-01T00:00:00Z`);
    expect(Date.now() - Date.parse(body.to)).toBeGreaterThanOrEqual(12_000);
  });

  it('keeps the end of its period on all pages', async () => {
    const answers = await pages(`${statement}&limit=3`);
    expect(answers.map(({ body }) => body.data.length)).toEqual([3, 3, 2]);
    expect(new Set(answers.map(({ body }) => body.to)).size).toBe(1);
    for (const { body, headers } of answers) {
      expect(body).toMatchObject({ opening: '0', closing: '720' });
      expect(headers['X-Next-Cursor']).toBe(body.nextCursor);
    }
    const whole = await api.call('GET', `${statement}&to=${answers[0]?.body.to}`);
    expect(answers.flatMap(({ body }) => body.data)).toEqual(whole.body.data);
  });

  it.each(['limit=500', 'limit=3', 'limit=1'])('is one file of CSV, with %s', async (size) => {
    const answers = await pages(`${statement}&format=csv&${size}`);
    expect(answers[0]?.headers['Content-Type']).toBe('text/csv; charset=utf-8; header=present');
    expect(answers[0]?.headers['Content-Disposition']).toBe('attachment; filename="statement-alice-USD-2.csv"');
    for (const { headers } of answers.slice(1)) {
      expect(headers['Content-Type']).toBe('text/csv; charset=utf-8; header=absent');
    }
    const [header, ...rows] = readCsv(answers.map(({ text }) => text).join(''));
    expect(new Set(rows.map(({ length }) => length))).toEqual(new Set([header?.length]));
    const column = (name: string) => rows.map((row) => row[header?.indexOf(name) ?? -1]);
    expect(column('kind')).toEqual(['opening', ...Array.from({ length: transfers + 1 }, () => 'entry'), 'closing']);
    expect(column('balanceAfter').at(0)).toBe('0');
    expect(column('balanceAfter').at(-1)).toBe('720');
    const amounts = column('amount')
      .filter(Boolean)
      .map((text) => BigInt(text ?? ''));
    expect(amounts.reduce((sum, amount) => sum + amount, 0n)).toBe(720n);
    expect(column('description').filter(Boolean)).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map((i) => (/^[=@-]/.test(texts[i] ?? '') ? `'${texts[i]}` : texts[i])),
    );
  });

  it('is one file of JSON Lines', async () => {
    const answers = await pages(`${statement}&format=jsonl&limit=3`);
    const text = answers.map((answer) => answer.text).join('');
    expect(answers[0]?.headers['Content-Type']).toBe('application/jsonl');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.at(0)).toEqual({ kind: 'opening', account: 'alice', asset: 'USD/2', balance: '0' });
    expect(lines.at(-1)).toMatchObject({ kind: 'closing', balance: '720', at: answers[0]?.headers['X-Period-End'] });
    const json = await api.call('GET', statement);
    expect(lines.slice(1, -1)).toEqual(json.body.data.map((entry: object) => ({ kind: 'entry', ...entry })));
  });

  it.each([
    ['text/csv', 'text/csv; charset=utf-8; header=present'],
    ['application/x-ndjson', 'application/jsonl'],
    ['text/html, text/csv;q=0.5, application/json;q=0.4', 'text/csv; charset=utf-8; header=present'],
    ['text/csv;q=0, application/json', 'application/json'],
    ['image/png', 'application/json'],
    ['*/*', 'application/json'],
  ])('answers Accept: %s as %s', async (Accept, type) => {
    const { headers } = await api.call('GET', statement, undefined, { headers: { Accept } });
    expect(headers['Content-Type']).toBe(type);
    expect(headers.Vary).toBe('Accept, Authorization, X-Api-Key');
  });
});

describe('exportEntries', () => {
  const idsOf = (entries: { account: string; asset: string; sequence: string }[]) =>
    entries.map(({ account, asset, sequence }) => `${account} ${asset} ${sequence}`);

  it.each([500, 4, 1])('has each entry of all accounts once, %i at a time', async (limit) => {
    const answers = await pages(`/v1/entries?limit=${limit}`);
    const ids = idsOf(answers.flatMap(({ body }) => body.data));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(2 * (transfers + 2));
    for (const { body } of answers) expect(body.data.length).toBeLessThanOrEqual(limit);
    expect(ids.map((id) => id.split(' ')[0])).toEqual(ids.map((id) => id.split(' ')[0]).toSorted());
    expect(new Set(answers.map(({ body }) => body.to)).size).toBe(1);
  });

  it('has those of a period only', async () => {
    const [first] = made;
    const { body } = await api.call('GET', `/v1/entries?from=${first?.createdAt}&to=${first?.createdAt}`);
    expect(idsOf(body.data)).toEqual(['alice USD/2 2', 'bob USD/2 1']);
  });

  it.each(['csv', 'jsonl'])('says the same as %s', async (format) => {
    const json = await api.call('GET', '/v1/entries?limit=500');
    const texts = await pages(`/v1/entries?format=${format}&limit=5`);
    const text = texts.map((answer) => answer.text).join('');
    if (format === 'jsonl') {
      expect(
        text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ).toEqual(json.body.data);
      return;
    }
    const [header = [], ...rows] = readCsv(text);
    const read = rows.map((row) => Object.fromEntries(header.map((name, index) => [name, row[index]])));
    expect(read).toEqual(
      json.body.data.map(({ counterparties, description = '', ...rest }: Record<string, string>) => ({
        shard: '0',
        ...rest,
        counterparty: counterparties?.[0],
        description: /^[=@-]/.test(description) ? `'${description}` : description,
      })),
    );
  });
});

describe('getTrialBalance', () => {
  it('adds up to zero', async () => {
    const { body } = await api.call('GET', '/v1/admin/trial-balance');
    expect(body).toMatchObject({
      status: 'balanced',
      assets: [
        { asset: 'GEMS', credit: '5', debit: '5', sum: '0', balances: 2 },
        { asset: 'USD/2', credit: '1000', debit: '1000', sum: '0', balances: 3 },
      ],
    });
    expect(Date.now() - Date.parse(body.at)).toBeGreaterThanOrEqual(12_000);
  });

  it('adds up to zero at any instant', async () => {
    for (const { createdAt } of made) {
      const before = new Date(Date.parse(createdAt) - 1).toISOString();
      for (const at of [createdAt, before]) {
        const { body } = await api.call('GET', `/v1/admin/trial-balance?asset=USD.2&at=${at}`);
        expect(body).toMatchObject({ at, status: 'balanced', assets: [{ credit: '1000', debit: '1000', sum: '0' }] });
      }
    }
    const { body } = await api.call('GET', '/v1/admin/trial-balance?at=2020-01-01T00:00:00Z');
    expect(body).toMatchObject({ status: 'balanced', assets: [] });
  });
});

describe('getChecks', () => {
  it('knows nothing before the first audit, and then that the books are sound', async () => {
    expect((await api.call('GET', '/v1/admin/checks')).body).toEqual({
      status: 'unknown',
      lastRunAt: null,
      verifiedTo: null,
      reverified: null,
      findings: [],
      moreFindings: false,
    });
    const { endpoint, tables } = api.database;
    const before = Date.now();
    await new LedgerAudit({ table: tables.ledger, endpoint }).run(10_000);
    const { body } = await api.call('GET', '/v1/admin/checks');
    expect(body).toMatchObject({ status: 'sound', findings: [] });
    expect(Date.parse(body.verifiedTo)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(body.reverified.endedAt)).toBeGreaterThanOrEqual(Date.parse(body.reverified.startedAt));
  });
});

describe('the pages of a report, answered by instances whose clocks are as far apart as they may be', () => {
  const apartMs = 2 * maxClockSkewMs;
  const later = async (path: string): Promise<ApiAnswer> => {
    const clock = jest.spyOn(systemClock, 'now').mockImplementation(() => Date.now() - apartMs);
    const answer = await api.call('GET', path);
    clock.mockRestore();
    return answer;
  };

  it('are of one period', async () => {
    const first = await api.call('GET', `${statement}&limit=2`);
    const second = await later(`${statement}&limit=2&cursor=${first.body.nextCursor}`);
    expect(second.body).toMatchObject({ to: first.body.to, closing: first.body.closing });
  });

  it('are of one instant, so that what was added up of one is not missed of another', async () => {
    const path = '/v1/admin/trial-balance';
    const { at } = (await api.call('GET', path)).body;
    const position = { at: Date.parse(at), account: 'alice', sums: [] };
    const cursor = encodeCursor({ operation: 'getTrialBalance', tenant: 'default' }, position);
    expect((await later(`${path}?cursor=${cursor}`)).body.at).toBe(at);
  });

  it('are of no later one than clocks can explain', async () => {
    const position = { at: Date.now(), account: 'alice', sums: [] };
    const cursor = encodeCursor({ operation: 'getTrialBalance', tenant: 'default' }, position);
    const { at } = (await api.call('GET', `/v1/admin/trial-balance?cursor=${cursor}`)).body;
    expect(Date.parse(at)).toBeLessThan(position.at - maxCommitMs + 1_000);
  });
});
