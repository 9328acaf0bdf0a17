import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AnyLine, type ImportLine, maxLineBytes, readLine } from '../../cli/import/line.ts';
import { LineKeys } from '../../cli/import/line-key.ts';
import { LineOrder } from '../../cli/import/line-order.ts';
import { readLines } from '../../cli/import/line-reader.ts';
import { parameters } from '../support/property.ts';

async function* of<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function parse(content: unknown, number = 1): AnyLine | undefined {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return readLine({ number, bytes: Buffer.from(text), end: 0 });
}

function parsed(content: unknown, number = 1): ImportLine {
  const line = parse(content, number);
  if (!line || !('path' in line)) throw new Error(`not a line to send: ${JSON.stringify(line)}`);
  return line;
}

const posting = { source: 'alice', destination: 'bob', asset: 'USD/2', amount: '10.50' };

describe('readLines', () => {
  it('gives the same lines however the file comes in pieces', async () => {
    const texts = fc.array(fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('\n', '\r')));
    await fc.assert(
      fc.asyncProperty(texts, fc.boolean(), fc.array(fc.nat(60)), async (lines, endsWithLineFeed, cuts) => {
        const file = Buffer.from(lines.join('\n') + (endsWithLineFeed ? '\n' : ''));
        const at = [0, ...cuts.map((cut) => cut % (file.length + 1)).toSorted((a, b) => a - b), file.length];
        const chunks = at.slice(1).map((end, index) => file.subarray(at[index], end));
        const read = await collect(readLines(of(chunks), 1_000));
        const expected = file.toString().split('\n');
        if (expected.at(-1) === '') expected.pop();
        expect(read.map(({ bytes }) => bytes.toString())).toEqual(expected);
        expect(read.map(({ number }) => number)).toEqual(expected.map((_, index) => index + 1));
        expect(read.at(-1)?.end ?? 0).toBe(file.length);
      }),
      parameters(200),
    );
  });

  it('keeps no more of a line than it may have, and one byte to tell', async () => {
    const chunks = ['abc', 'defghi', 'j\nshort\n', 'x'.repeat(50)].map((text) => Buffer.from(text));
    const read = await collect(readLines(of(chunks), 5));
    expect(read.map(({ bytes }) => bytes.toString())).toEqual(['abcdef', 'short', 'xxxxxx']);
    expect(read.map(({ end }) => end)).toEqual([11, 17, 67]);
  });
});

describe('readLine', () => {
  it('reads each kind as the request that it stands for', () => {
    expect(parsed({ kind: 'asset', code: 'USD/2', name: 'Dollar' })).toMatchObject({
      path: '/v1/assets',
      body: { code: 'USD/2', name: 'Dollar' },
      makes: 'asset USD/2',
    });
    expect(parsed({ kind: 'account', id: 'alice', floors: { 'USD/2': '-5.00' }, key: 'k' })).toMatchObject({
      path: '/v1/accounts',
      body: { id: 'alice', floors: { 'USD/2': '-500' } },
      makes: 'account alice',
      needs: ['asset USD/2'],
      ownKey: 'k',
    });
    const limits = { 'USD/2': { day: { amount: '100.00', count: 5 } }, GOLD_COINS: { hour: { count: 1 } } };
    expect(parsed({ kind: 'account', id: 'alice', freezes: 'all', limits })).toMatchObject({
      body: {
        freezes: 'all',
        limits: { 'USD/2': { day: { amount: '10000', count: 5 } }, GOLD_COINS: { hour: { count: 1 } } },
      },
      needs: ['asset USD/2', 'asset GOLD_COINS'],
    });
    expect(parsed({ kind: 'openingBalance', account: 'alice', asset: 'USD/2', amount: 250 })).toMatchObject({
      path: '/v1/transactions',
      body: {
        type: 'opening_balance',
        postings: [{ source: 'system:external', destination: 'alice', asset: 'USD/2', amount: '250' }],
      },
      moves: ['system:external', 'alice'],
    });
    const line = { kind: 'transaction', postings: [posting], type: 'sale', occurredAt: '2020-01-31T23:59:59+01:00' };
    expect(parsed({ ...line, metadata: { order: '7' } })).toMatchObject({
      body: {
        type: 'sale',
        postings: [{ ...posting, amount: '1050' }],
        metadata: { order: '7', occurredAt: '2020-01-31T23:59:59+01:00' },
      },
      needs: ['asset USD/2'],
      moves: ['alice', 'bob'],
    });
  });

  it('sends nothing for a kind, a key or an earlier refusal: the API knows none of them', () => {
    for (const line of [
      { kind: 'account', id: 'alice', key: 'k', refused: {} },
      { kind: 'asset', code: 'USD/2', key: 'k', refused: {} },
      { kind: 'transaction', postings: [posting], key: 'k', refused: {} },
    ]) {
      const names = Object.keys(parsed(line).body);
      expect(names.filter((name) => ['kind', 'key', 'refused'].includes(name))).toEqual([]);
    }
  });

  it('turns an opening balance below zero round, and has nothing to do for one of zero', () => {
    const opening = { kind: 'openingBalance', account: 'alice', asset: 'USD/2', counterparty: 'system:opening' };
    expect(parsed({ ...opening, amount: '-1.00' })).toMatchObject({
      body: { postings: [{ source: 'alice', destination: 'system:opening', asset: 'USD/2', amount: '100' }] },
    });
    expect(parse({ ...opening, amount: '0.00' })).toEqual({ number: 1 });
  });

  it('skips blank lines', () => {
    expect(parse('')).toBeUndefined();
    expect(parse(' \r')).toBeUndefined();
  });

  it.each([
    ['{"kind":', 'not JSON'],
    ['[]', 'the line'],
    ['{"kind":"nothing"}', 'kind'],
    [{ kind: 'asset', code: 'usd' }, 'code: not an asset code'],
    [{ kind: 'asset', code: 'USD/2', unknown: 1 }, 'unknown'],
    [{ kind: 'account', id: 'a b' }, 'id: not an account id'],
    [{ kind: 'account', id: 'alice', floors: { usd: '1' } }, 'floors.usd: not an asset code'],
    [{ kind: 'account', id: 'alice', metadata: { a: 1 } }, 'metadata.a'],
    [{ kind: 'openingBalance', account: 'alice', asset: 'USD/2', amount: 10.5 }, 'amount: an amount is a string'],
    [{ kind: 'openingBalance', account: 'alice', asset: 'USD/2', amount: '1.005' }, 'amount: 1.005 has 3 decimals'],
    [{ kind: 'openingBalance', account: 'alice', asset: 'USD/2', amount: 2 ** 53 }, 'amount'],
    [
      { kind: 'openingBalance', account: 'alice', asset: 'USD/2', amount: '1', occurredAt: '2020' },
      'occurredAt: an RFC',
    ],
    [{ kind: 'transaction', postings: [] }, 'postings'],
    [{ kind: 'transaction', postings: [{ ...posting, amount: 'x' }] }, 'postings.0.amount: "x" is not an amount'],
    [{ kind: 'transaction', postings: [posting], key: 'a b' }, 'key: a key has'],
    [
      { kind: 'transaction', postings: [posting], occurredAt: '2020-01-01T00:00:00Z', metadata: { occurredAt: 'x' } },
      'metadata has a member of this name',
    ],
  ])('refuses %j: %s', (content, fault) => {
    expect(parse(content)).toMatchObject({ fault: expect.stringContaining(fault) });
  });

  it('refuses a line that is longer than any request may be', () => {
    expect(parse(`"${'x'.repeat(maxLineBytes)}"`)).toEqual({
      number: 1,
      fault: 'longer than 131072 bytes',
      content: null,
    });
  });

  it('refuses what is not UTF-8 instead of replacing it', () => {
    const bytes = Buffer.from([0x22, 0xff, 0x22]);
    expect(readLine({ number: 1, bytes, end: 0 })).toMatchObject({ fault: 'not UTF-8' });
  });
});

describe('LineKeys', () => {
  const line = { kind: 'transaction', postings: [posting], metadata: { a: '1', b: '2' } };

  it('gives a line the same key in each run, however it is written and wherever it stands', () => {
    const rewritten =
      '{ "metadata": {"b":"2","a":"1"}, "postings": [{"amount":1050,"asset":"USD/2","destination":"bob","source":"alice"}], "kind":"transaction" }';
    const first = new LineKeys('2026').keyOf(parsed(line));
    expect(new LineKeys('2026').keyOf(parsed(rewritten, 99))).toBe(first);
    expect(first).toMatch(/^[\x21-\x7e]{1,255}$/);
  });

  it('tells lines that say the same apart, by their count', () => {
    const keysOf = (lines: readonly unknown[]) => {
      const keys = new LineKeys('2026');
      return lines.map((each) => keys.keyOf(parsed(each)));
    };
    const other = { kind: 'asset', code: 'USD/2' };
    const [first, , second, third] = keysOf([line, other, line, line]);
    expect(new Set([first, second, third]).size).toBe(3);
    expect(keysOf([other, line, line])).toEqual([expect.anything(), first, second]);
  });

  it('gives another import, and a line that says something else, other keys', () => {
    const key = new LineKeys('2026').keyOf(parsed(line));
    expect(new LineKeys('2027').keyOf(parsed(line))).not.toBe(key);
    expect(new LineKeys('2026').keyOf(parsed({ ...line, description: 'x' }))).not.toBe(key);
  });

  it("leaves a line's own key", () => {
    expect(new LineKeys('2026').keyOf(parsed({ ...line, key: 'mine' }))).toBe('mine');
  });
});

describe('LineOrder', () => {
  const isUnbounded = async (account: string) => account.startsWith('system:');

  /** Runs lines whose work takes random turns, and gives for each when it began and ended. */
  async function run(lines: readonly ImportLine[], turns: readonly number[]) {
    const order = new LineOrder(isUnbounded);
    const spans = lines.map(() => ({ began: -1, ended: -1 }));
    let clock = 0;
    const settled: Promise<void>[] = [];
    for (const [index, line] of lines.entries()) {
      const span = spans[index] as (typeof spans)[number];
      const entered = await order.enter(line, async () => {
        span.began = clock++;
        for (let turn = turns[index] ?? 0; turn > 0; turn--) await Promise.resolve();
        span.ended = clock++;
      });
      settled.push(entered.settled);
    }
    await Promise.all(settled);
    return spans;
  }

  const accounts = ['alice', 'bob', 'carol', 'system:external'];
  const anyLine = fc.oneof(
    fc.constantFrom(...accounts).map((id) => ({ kind: 'account', id })),
    fc.constant({ kind: 'asset', code: 'USD/2' }),
    fc
      .uniqueArray(fc.constantFrom(...accounts), { minLength: 2, maxLength: 2 })
      .map(([source, destination]) => ({ kind: 'transaction', postings: [{ ...posting, source, destination }] })),
  );

  it('keeps the order of the file on each account that is not unbounded, and behind what makes account and asset', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyLine, { maxLength: 30 }), fc.infiniteStream(fc.nat(20)), async (contents, turns) => {
        const lines = contents.map((content, index) => parsed(content, index + 1));
        const spans = await run(lines, [...turns.take(lines.length)]);
        for (const [later, line] of lines.entries()) {
          for (const [earlier, before] of lines.slice(0, later).entries()) {
            const shared = line.moves.filter((account) => before.moves.includes(account));
            const uses = [...line.needs, ...line.moves.map((account) => `account ${account}`), line.makes];
            const mustWait =
              shared.some((account) => !account.startsWith('system:')) ||
              (before.makes !== undefined && uses.includes(before.makes));
            if (mustWait) expect(spans[later]?.began).toBeGreaterThan(spans[earlier]?.ended ?? Number.NaN);
          }
        }
      }),
      parameters(200),
    );
  });

  it('lets lines on other accounts, and on unbounded ones, run at the same time', async () => {
    const order = new LineOrder(isUnbounded);
    const running: string[] = [];
    const begin = async (name: string) => {
      running.push(name);
      await sleep(50);
    };
    const lines = ['alice', 'bob', 'alice', 'carol'].map((destination) =>
      parsed({ kind: 'transaction', postings: [{ ...posting, source: 'system:external', destination }] }),
    );
    const entered = [];
    for (const [index, line] of lines.entries()) entered.push(await order.enter(line, () => begin(`line ${index}`)));
    await sleep(10);
    expect(running).toEqual(['line 0', 'line 1', 'line 3']);
    await Promise.all(entered.map(({ settled }) => settled));
    expect(running).toEqual(['line 0', 'line 1', 'line 3', 'line 2']);
  });
});
