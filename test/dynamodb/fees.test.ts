import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Ledger, systemClock, type TransactionResult } from '../../lib/dynamodb/index.ts';
import {
  type FeeRule,
  type FeeSchedule,
  feesOf,
  type LedgerError,
  maxFeeTimelineAgeMs,
  maxFeeVersionsAhead,
  minFeeNoticeMs,
  type PostedTransaction,
} from '../../lib/ledger/index.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { account, asset, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';

let books: LedgerFixture;
let proxy: FaultProxy;
/** Makes schedules a little more than a minute ago, so that they are in force by now. */
let past: Ledger;
beforeEach(async () => {
  books = await startLedger();
  proxy = await startFaultProxy({ target: books.database.endpoint, measureCapacity: true });
  past = books.open({ clock: { ...systemClock, now: () => Date.now() - minFeeNoticeMs - 1_000 } });
  await books.createAccount('fees', { unbounded: true });
  for (const id of ['alice', 'bob']) await books.createAccount(id, { funds: 10_000n });
});
afterEach(async () => {
  await proxy.settled();
  past.client.destroy();
  await proxy.stop();
  expect((await books.audit()).findings).toEqual([]);
  await books.stop();
});

function ruleOf(rest: Partial<FeeRule> = {}): FeeRule {
  return { type: 'transfer', asset: usd, basisPoints: 100, payer: 'source', feeAccount: account('fees'), ...rest };
}

function make(ledger: Ledger, rules: readonly FeeRule[], rest: { mark?: string; effectiveAt?: number } = {}) {
  const { mark = randomUUID(), effectiveAt } = rest;
  return ledger.fees.create({ tenant, rules, effectiveAt, keyApplied: { mark, requestHash: 'same' } });
}

function postedOf(result: TransactionResult): PostedTransaction {
  if (result.kind !== 'settled' || result.transaction.status !== 'posted') {
    throw new Error(
      `was not posted: ${JSON.stringify(result, (_, part) => (typeof part === 'bigint' ? `${part}` : part))}`,
    );
  }
  return result.transaction;
}

function feeAmounts(result: TransactionResult): bigint[] {
  return feesOf(postedOf(result)).map(({ amount }) => amount);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: LedgerError) => error.code,
  );
}

/** Calls since the last look: what was called, how many items it wrote, and the units DynamoDB counted. */
function calls(): { operation: string; items?: number; units: number | undefined }[] {
  return proxy.log.splice(0).map(({ operation, body, consumedUnits }) => ({
    operation,
    ...(Array.isArray(body.TransactItems) && { items: body.TransactItems.length }),
    units: consumedUnits,
  }));
}

describe('a fee', () => {
  it('is taken in the same write, recorded with its version, and replayed as it was whatever came after', async () => {
    await make(past, [ruleOf(), ruleOf({ payer: 'destination', flat: 5n })]);
    const command = transfer('alice', 'bob', 1_000);
    const first = await books.open().post(command, 5_000);
    expect(postedOf(first).feeVersion).toBe(1);
    expect(feesOf(postedOf(first)).map(({ payer, amount }) => [payer, amount])).toEqual([
      ['source', 10n],
      ['destination', 15n],
    ]);
    await make(books.open({ clock: { ...systemClock, now: () => Date.now() - minFeeNoticeMs - 500 } }), []);
    const cold = books.open();
    expect(feeAmounts(await cold.post(transfer('alice', 'bob', 1_000), 5_000))).toEqual([]);
    expect(await cold.post(command, 5_000)).toMatchObject({ replayed: true, transaction: postedOf(first) });
  });

  it('costs two entries and the balance it goes to, and no more calls once that is known', async () => {
    await make(past, [ruleOf()]);
    const ledger = books.open({ endpoint: proxy.url });
    await ledger.post(transfer('alice', 'bob', 1_000), 5_000);
    // Cold: what is named; the fee's balance, which does not exist yet; its account and asset; and the write.
    expect(calls().map(({ operation }) => operation)).toEqual([
      'BatchGetItem',
      'BatchGetItem',
      'BatchGetItem',
      'TransactWriteItems',
    ]);
    await ledger.post(transfer('alice', 'bob', 1_000), 5_000);
    expect(calls()).toEqual([{ operation: 'TransactWriteItems', items: 8, units: 16 }]);
    const cold = books.open({ endpoint: proxy.url });
    await cold.post(transfer('alice', 'bob', 1_000), 5_000);
    expect(calls().map(({ operation }) => operation)).toEqual(['BatchGetItem', 'BatchGetItem', 'TransactWriteItems']);
    cold.client.destroy();
    ledger.client.destroy();
  });

  it('goes to an account that is spread over shards as well', async () => {
    await books.createAccount('spread', { unbounded: true, shards: 4 });
    await make(past, [ruleOf({ feeAccount: account('spread') })]);
    const instances = Array.from({ length: 4 }, () => books.open());
    const results = await Promise.all(instances.map((ledger) => ledger.post(transfer('alice', 'bob', 1_000), 8_000)));
    expect(results.flatMap(feeAmounts)).toEqual([10n, 10n, 10n, 10n]);
    expect((await books.ledger.balances.get(tenant, account('spread'), usd)).posted).toBe(40n);
    for (const ledger of instances) ledger.client.destroy();
  });

  it('is foreseen by a dry run, which writes nothing', async () => {
    await make(past, [ruleOf()]);
    const outcome = await books.open().preview(transfer('alice', 'bob', 1_000), 5_000);
    expect(outcome).toMatchObject({ kind: 'decided', transaction: { feeVersion: 1 } });
    expect((await books.audit()).posted).toBe(2);
  });

  it('is taken once under races from several instances, with every answer lost now and then', async () => {
    await make(past, [ruleOf()]);
    proxy.rules.push(
      { operation: 'TransactWriteItems', fault: { kind: 'dropAnswer' }, probability: 0.2 },
      { operation: 'TransactWriteItems', fault: { kind: 'conflict' }, probability: 0.1 },
      { operation: 'BatchGetItem', fault: { kind: 'serverError', when: 'before' }, probability: 0.1 },
    );
    const instances = [0, 1, 2, 3].map((index) => books.open(index % 2 === 0 ? { endpoint: proxy.url } : {}));
    const results = await Promise.all(
      instances.flatMap((ledger) =>
        Array.from({ length: 8 }, async () => {
          const command = transfer('alice', 'bob', 200);
          let result = await ledger.post(command, 8_000);
          while (result.kind === 'failed') result = await ledger.post(command, 8_000);
          return result;
        }),
      ),
    );
    for (const result of results) expect(feeAmounts(result)).toEqual([2n]);
    expect((await books.ledger.balances.get(tenant, account('fees'), usd)).posted).toBe(64n);
    expect((await books.ledger.balances.get(tenant, account('alice'), usd)).posted).toBe(10_000n - 32n * 202n);
    for (const ledger of instances) ledger.client.destroy();
  });
});

describe('what an instance knows of fee schedules', () => {
  const elapsing = () => {
    let ahead = 0;
    const clock = { ...systemClock, elapsed: () => performance.now() + ahead };
    return {
      ledger: books.open({ endpoint: proxy.url, clock }),
      pass: (ms: number) => {
        ahead += ms;
      },
    };
  };

  it('is read with the first transfer, in its own read, and anew after half a minute', async () => {
    const { ledger, pass } = elapsing();
    await ledger.post(transfer('alice', 'bob', 1), 5_000);
    expect(calls()).toEqual([
      { operation: 'BatchGetItem', units: 4 },
      { operation: 'TransactWriteItems', items: 5, units: 10 },
    ]);
    pass(maxFeeTimelineAgeMs - 1_000);
    await ledger.post(transfer('alice', 'bob', 1), 5_000);
    expect(calls()).toEqual([{ operation: 'TransactWriteItems', items: 5, units: 10 }]);
    pass(1_000);
    await ledger.post(transfer('alice', 'bob', 1), 5_000);
    // Whoever reads at all reads its key's record too.
    expect(calls()).toEqual([
      { operation: 'BatchGetItem', units: 2 },
      { operation: 'TransactWriteItems', items: 5, units: 10 },
    ]);
    ledger.client.destroy();
  });

  it('is enough to charge by a version from its very instant on', async () => {
    const { ledger, pass } = elapsing();
    await ledger.post(transfer('alice', 'bob', 1_000), 5_000);
    const early = books.open({ clock: { ...systemClock, now: () => Date.now() - minFeeNoticeMs + 700 } });
    const { effectiveAt } = await make(early, [ruleOf()]);
    pass(maxFeeTimelineAgeMs + 1);
    // Read before the instant: in force without another read once it has come.
    const before = postedOf(await ledger.post(transfer('alice', 'bob', 1_000), 5_000));
    expect([before.createdAt < effectiveAt, before.feeVersion]).toEqual([true, undefined]);
    proxy.log.length = 0;
    await new Promise((resolve) => setTimeout(resolve, effectiveAt - Date.now() + 5));
    expect(feeAmounts(await ledger.post(transfer('alice', 'bob', 1_000), 5_000))).toEqual([10n]);
    early.client.destroy();
    ledger.client.destroy();
  });

  it('is not used when it is too old: the answer is unavailable, and nothing is charged wrongly', async () => {
    const { ledger, pass } = elapsing();
    await ledger.post(transfer('alice', 'bob', 1), 5_000);
    await make(past, [ruleOf()]);
    proxy.rules.push({ operation: 'BatchGetItem', fault: { kind: 'serverError', when: 'before' } });
    expect(feeAmounts(await ledger.post(transfer('alice', 'bob', 1_000), 1_000))).toEqual([]);
    pass(maxFeeTimelineAgeMs + 1);
    const command = transfer('alice', 'bob', 1_000);
    expect(await ledger.post(command, 1_000)).toMatchObject({ kind: 'failed', code: 'unavailable' });
    proxy.rules.length = 0;
    expect(feeAmounts(await ledger.post(command, 5_000))).toEqual([10n]);
    ledger.client.destroy();
  });
});

describe('FeeStore', () => {
  it('numbers the versions, and lists them in pages, the newest first', async () => {
    const at = Date.now() + minFeeNoticeMs + 10_000;
    const made: FeeSchedule[] = [];
    for (let i = 0; i < 3; i++)
      made.push(await make(books.ledger, [ruleOf({ flat: BigInt(i + 1) })], { effectiveAt: at + i }));
    expect(made.map(({ version }) => version)).toEqual([1, 2, 3]);
    const first = await books.ledger.fees.list(tenant, 2);
    expect(first.schedules).toEqual([made[2], made[1]]);
    expect(await books.ledger.fees.list(tenant, 2, first.next)).toEqual({ schedules: [made[0]] });
    expect(await books.ledger.fees.get(tenant, 2)).toEqual(made[1]);
    expect(await codeOf(books.ledger.fees.get(tenant, 4))).toBe('not_found');
  });

  it('takes effect a minute after it is made at the earliest, and later than the version before', async () => {
    const soon = Date.now() + minFeeNoticeMs;
    expect(await codeOf(make(books.ledger, [], { effectiveAt: soon - 500 }))).toBe('invalid_request');
    const { effectiveAt, createdAt } = await make(books.ledger, []);
    expect(effectiveAt).toBe(createdAt + minFeeNoticeMs);
    const later = effectiveAt + 60_000;
    expect(await codeOf(make(books.ledger, [], { effectiveAt: later }))).toBe('done');
    expect(await codeOf(make(books.ledger, [], { effectiveAt: later }))).toBe('already_exists');
    for (let waiting = 3; waiting <= maxFeeVersionsAhead; waiting++) {
      expect(await codeOf(make(books.ledger, [], { effectiveAt: later + waiting }))).toBe('done');
    }
    expect(await codeOf(make(books.ledger, [], { effectiveAt: later + 99 }))).toBe('already_exists');
  });

  it('takes rules about what exists only', async () => {
    expect(await codeOf(make(books.ledger, [ruleOf({ feeAccount: account('nobody') })]))).toBe('account_not_found');
    expect(await codeOf(make(books.ledger, [ruleOf({ asset: asset('GOLD') })]))).toBe('asset_not_found');
    expect(await codeOf(make(books.ledger, [ruleOf(), ruleOf()]))).toBe('invalid_request');
    expect((await books.ledger.fees.list(tenant, 5)).schedules).toEqual([]);
  });

  it('makes one version of one key, and none of another request under it', async () => {
    const made = await make(books.ledger, [ruleOf()], { mark: 'key' });
    expect(await make(books.open(), [ruleOf()], { mark: 'key' })).toEqual(made);
    const other = books.ledger.fees.create({ tenant, rules: [], keyApplied: { mark: 'key', requestHash: 'other' } });
    expect(await codeOf(other)).toBe('idempotency_key_reused');
    expect((await books.ledger.fees.list(tenant, 5)).schedules).toEqual([made]);
  });

  it.each([{ kind: 'dropAnswer' as const }, { kind: 'serverError' as const, when: 'after' as const }])(
    'makes one version when the answer to its write is lost: $kind',
    async (fault) => {
      proxy.rules.push({ operation: 'TransactWriteItems', fault, count: 1 });
      const ledger = books.open({ endpoint: proxy.url });
      const made = await make(ledger, [ruleOf()], { mark: 'key' });
      expect((await books.ledger.fees.list(tenant, 5)).schedules).toEqual([made]);
      ledger.client.destroy();
    },
  );

  it('gives every one of several at once a version of its own, in the order of their instants', async () => {
    const at = Date.now() + minFeeNoticeMs + 10_000;
    const tries = Array.from({ length: 4 }, (_, index) => make(books.open(), [], { effectiveAt: at + index }));
    const codes = await Promise.all(tries.map(codeOf));
    const { schedules } = await books.ledger.fees.list(tenant, 9);
    expect(codes.filter((code) => code === 'done')).toHaveLength(schedules.length);
    expect(codes.filter((code) => !['done', 'already_exists', 'contention'].includes(code))).toEqual([]);
    expect(schedules.map(({ version }) => version)).toEqual(schedules.map((_, index) => schedules.length - index));
    const instants = schedules.map(({ effectiveAt }) => effectiveAt);
    expect(instants).toEqual(instants.toSorted((a, b) => b - a));
    expect(schedules.length).toBeGreaterThan(0);
  });
});

describe('an exchange', () => {
  it('is kept with the transaction and read back', async () => {
    await books.ledger.assets.create({ tenant, code: asset('EUR/2'), keyApplied: { mark: 'eur', requestHash: '' } });
    await books.createAccount('desk', { unbounded: true });
    const exchange = { sell: usd, buy: asset('EUR/2'), rate: '0.9213', rounding: 'half_even' as const };
    const command = transfer('alice', 'desk', 0, {
      exchange,
      postings: [
        { source: account('alice'), destination: account('desk'), asset: usd, amount: 1_000n },
        { source: account('desk'), destination: account('alice'), asset: asset('EUR/2'), amount: 921n },
      ],
    });
    const posted = postedOf(await books.ledger.post(command, 5_000));
    expect(posted.exchange).toEqual(exchange);
    expect(await books.ledger.transactions.get(tenant, posted.id)).toEqual(posted);
  });
});
