import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Call, TestApi } from '../functions/api.ts';
import { drainLines } from '../functions/line-worker.ts';
import { startApiWithMoney } from '../functions/money.ts';
import { parameters } from '../support/property.ts';
import { callersOf, demand } from './callers.ts';

const asset = 'USD/2';

/** What each of the others has. It is so much that whatever they are given leaves its first digits as they are, and nobody else has these digits. */
const wealth = { bob: '4711000000', shop: '8642000000', bank: '0' };
const figures = /4711\d{6}|8642\d{6}/;

let api: TestApi;
let ann: Call;
/** Accounts by what they are called here: two of hers, two of others, one without a floor, one that does not exist. */
let ids: Readonly<Record<Name, string>>;

const names = ['mine', 'second', 'bob', 'shop', 'bank', 'nobody'] as const;
type Name = (typeof names)[number];
const others = ['bob', 'shop', 'bank'] as const;

beforeAll(async () => {
  api = await startApiWithMoney();
  const { call } = api;
  ann = await callersOf(api)({ subject: 'ann' });
  ids = Object.fromEntries(names.map((name) => [name, `${name}-${randomUUID()}`])) as typeof ids;
  const owners: Partial<Record<Name, string>> = { mine: 'ann', second: 'ann', bob: 'bob' };
  for (const name of names.slice(0, -1)) {
    const owner = owners[name];
    const body = { id: ids[name], ...(owner && { owner }), ...(name === 'bank' && { unbounded: true }) };
    await demand(201, call('POST', '/v1/accounts', body));
  }
  const funds = { ...wealth, mine: '100', second: '5' };
  for (const [name, amount] of Object.entries(funds)) {
    if (amount === '0') continue;
    await demand(201, call('POST', `/v1/accounts/${ids[name as Name]}/deposits`, { asset, amount }));
  }
});
afterAll(() => api.stop());

/** Her own more often than others, or next to nothing would be allowed. */
const account = fc.constantFrom<Name>('mine', 'mine', 'mine', 'second', 'second', ...names);
const amount = fc.constantFrom('1', '7', '9999');
const posting = fc
  .record({ source: account, destination: account, amount })
  .map(({ source, destination, ...rest }) => ({ source, destination, ...rest, asset }));
/** Several may begin with one that is allowed: what is only looked for in the first is then not found. */
const postings = fc.oneof(
  fc.array(posting, { minLength: 1, maxLength: 3 }),
  fc
    .tuple(fc.record({ source: fc.constantFrom<Name>('mine', 'second'), destination: account }), posting)
    .map(([first, second]) => [{ ...first, asset, amount: '1' }, second]),
);
const type = fc.constantFrom(undefined, 'transaction', 'transfer', 'payroll');
const transaction = fc.record({ postings, type });
const flow = fc.constantFrom('deposits', 'withdrawals', 'top-ups', 'bonuses', 'spends');

/** Any request that moves or reserves money, by the names of accounts. */
const movement = fc.oneof(
  posting.map((body) => ({ path: '/v1/transfers', body: body as object })),
  transaction.map((body) => ({ path: '/v1/transactions', body })),
  fc
    .array(fc.oneof(posting as fc.Arbitrary<object>, transaction), { minLength: 1, maxLength: 3 })
    .map((transactions) => ({ path: '/v1/batches', body: { transactions } })),
  fc.record({ account, amount }).map((body) => ({ path: '/v1/holds', body: { ...body, asset } })),
  fc.record({ account, flow, amount }).map((wanted) => ({
    path: `/v1/accounts/${wanted.account}/${wanted.flow}`,
    body: { asset, amount: wanted.amount },
  })),
);

const oneInThree = fc.constantFrom(true, false, false);

const request = fc.record({
  movement,
  isTried: oneInThree,
  isLater: oneInThree,
  /** Few, so that requests meet the keys of others. */
  key: fc.constantFrom('a', 'b', 'c', undefined),
  /** Whether it is asked for once more, with the same key and body. */
  isRepeated: fc.boolean(),
});

/** Puts ids for names, wherever they stand as a whole. */
function named<T>(value: T): T {
  const text = JSON.stringify(value).replaceAll(
    /(?<=["/])(mine|second|bob|shop|bank|nobody)(?=["/])/g,
    (name) => ids[name as Name],
  );
  return JSON.parse(text) as T;
}

/** What others have, and what is reserved of it. */
async function havings(): Promise<Readonly<Record<string, readonly [bigint, bigint]>>> {
  const found = others.map(async (name) => {
    const { body } = await api.call('GET', `/v1/accounts/${ids[name]}/balances/USD.2`);
    return [name, [BigInt(body.posted ?? 0), BigInt(body.held ?? 0)]] as const;
  });
  return Object.fromEntries(await Promise.all(found));
}

describe('an owner, whatever is asked for', () => {
  it('takes nothing from others, reserves nothing of theirs, and is told nothing of what they have', async () => {
    const outcomes = new Set<number>();
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 3, maxLength: 6 }), async (requests) => {
        const run = randomUUID();
        const before = await havings();
        for (const { movement: wanted, isTried, isLater, key, isRepeated } of requests) {
          const { path, body } = named(wanted);
          const at = isTried && path !== '/v1/holds' ? `${path}?dryRun=true` : path;
          const headers: Record<string, string> = isLater ? { Prefer: 'respond-async' } : {};
          const options = { headers, ...(key !== undefined && { key: `${run}-${key}` }) };
          const answers = [await ann('POST', at, body, options)];
          if (isRepeated) answers.push(await ann('POST', at, body, options));
          if (isLater) await drainLines(api);
          for (const answer of [...answers]) {
            const made = answer.body.id ?? answer.body.transactionId;
            const of = path === '/v1/holds' && answer.status === 201 ? 'holds' : 'transactions';
            if (made !== undefined) answers.push(await ann('GET', `/v1/${of}/${made}`));
          }
          for (const { status, text } of answers) {
            outcomes.add(status);
            expect(status).toBeLessThan(500);
            expect(text).not.toMatch(figures);
          }
        }
        for (const path of [`/v1/accounts/${ids.mine}/entries`, `/v1/accounts/${ids.mine}/pending`]) {
          expect((await demand(200, ann('GET', path))).text).not.toMatch(figures);
        }
        const after = await havings();
        for (const name of others) {
          const [posted = 0n, held = 0n] = before[name] ?? [];
          const [postedNow = 0n, heldNow = 0n] = after[name] ?? [];
          expect({ name, isPoorer: postedNow < posted, held: heldNow }).toEqual({ name, isPoorer: false, held });
        }
        // What she has spent she gets again, so that she can go on.
        for (const id of [ids.mine, ids.second]) {
          await demand(201, api.call('POST', `/v1/accounts/${id}/deposits`, { asset, amount: '50' }));
        }
      }),
      parameters(40),
    );
    // Else it would be true of whoever may do nothing.
    expect([...outcomes]).toEqual(expect.arrayContaining([201, 202, 403]));
  });
});
