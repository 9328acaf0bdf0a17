import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { auditItem } from '../../lib/audit/audit-item.ts';
import { emptyLog, nextRecord } from '../../lib/audit/audit-record.ts';
import { type Act, AuditLog } from '../../lib/audit/index.ts';
import { writeRecorded } from '../../lib/audit/recorded-write.ts';
import type { TenantId } from '../../lib/ledger/index.ts';
import { auditKey } from '../../lib/platform/keys.ts';
import { openPlatformTable, type PlatformTable } from '../../lib/platform/platform-table.ts';
import { type PlatformFixture, startPlatform } from '../platform/platform-fixture.ts';
import type { Fault } from '../support/faults.ts';
import { until } from '../support/until.ts';
import { act, allRecords, faultsOf, make, targetsMade } from './audit-fixture.ts';

let platform: PlatformFixture;
let table: PlatformTable;
/** One that no fault meets. */
let plain: PlatformTable;
beforeAll(async () => {
  platform = await startPlatform();
  table = platform.table;
  plain = openPlatformTable({ table: table.name, endpoint: platform.database.endpoint });
});
afterAll(async () => {
  plain.client.destroy();
  await platform.stop();
});
let tenant: TenantId;
let tenants = 0;
beforeEach(() => {
  tenants += 1;
  tenant = `tenant-${tenants}` as TenantId;
});
afterEach(() => {
  platform.proxy.rules.length = 0;
});

/** An act in the log of this test. */
function ours(rest: Partial<Act> = {}): Act {
  return act({ tenant, ...rest });
}

const writes = { operation: 'TransactWriteItems' };

describe('a recorded write', () => {
  it('makes the record and what it is about, or neither', async () => {
    const log = new AuditLog(table);
    const once = ours();
    expect(await make(table, log, once)).toEqual({ isInDoubt: false });
    expect((await make(table, log, once)).refusal?.kind).toBe('cancelled');
    const records = await allRecords(table, tenant);
    expect(records).toEqual([expect.objectContaining({ ...once, number: 1, previousHash: '0'.repeat(64) })]);
    expect(await targetsMade(table, [once.target])).toEqual([once.target]);
  });

  it('costs a query and an action more', async () => {
    const log = new AuditLog(table);
    await make(table, log, ours());
    platform.proxy.log.length = 0;
    await make(table, log, ours());
    expect(platform.proxy.log.map(({ operation }) => operation)).toEqual(['Query', 'TransactWriteItems']);
    expect(platform.proxy.log[1]?.body.TransactItems).toHaveLength(2);
  });

  it('keeps the logs of tenants apart', async () => {
    const log = new AuditLog(table);
    const other = `${tenant}-other` as TenantId;
    await make(table, log, ours());
    await make(table, log, ours({ tenant: other }));
    expect((await allRecords(table, tenant)).map(({ number }) => number)).toEqual([1]);
    expect((await allRecords(table, other)).map(({ number }) => number)).toEqual([1]);
  });

  it('never goes back in time, although clocks do', async () => {
    const ahead = { ...table, clock: { ...table.clock, now: () => Date.now() + 60_000 } };
    await make(table, new AuditLog(ahead), ours());
    await make(table, new AuditLog(table), ours());
    const [first, second] = await allRecords(table, tenant);
    expect(second?.at).toBe(first?.at);
  });
});

describe('a record whose texts are no Unicode', () => {
  // A name that was cut in the middle of a character, and what a token may claim: DynamoDB would keep other characters than were hashed.
  it('is kept as it is hashed', async () => {
    const userAgent = `${'x'.repeat(199)}😀`.slice(0, 200);
    const actor = { tenant, client: 'auditor', subject: 'a\ud800b', userAgent };
    await new AuditLog(table).note(ours({ actor, reason: '\udc00', after: { names: ['\ud800'] } }));
    const records = await allRecords(table, tenant);
    expect(faultsOf(records)).toEqual([]);
    expect(records[0]).toMatchObject({
      actor: { subject: 'a\ufffdb' },
      reason: '\ufffd',
      after: { names: ['\ufffd'] },
    });
  });
});

describe('many acts at once', () => {
  /** The table, on which everybody has four times the patience: a busy machine is no crowd. */
  const patient = (): PlatformTable => ({
    ...table,
    clock: { ...table.clock, elapsed: () => table.clock.elapsed() / 4 },
  });

  it.each([
    ['within one instance', 1, 60],
    ['in each of two instances', 2, 30],
    ['one in each of 32 instances', 32, 1],
  ])(
    '%s are recorded once each, without gaps, in a chain',
    async (_, instances, actsEach) => {
      const table = patient();
      const logs = Array.from({ length: instances }, () => new AuditLog(table));
      const acts = logs.flatMap((log) => Array.from({ length: actsEach }, () => ({ log, one: ours() })));
      const results = await Promise.all(acts.map(({ log, one }) => make(table, log, one)));
      expect(results.filter(({ refusal }) => refusal)).toEqual([]);
      const records = await allRecords(table, tenant);
      expect(faultsOf(records)).toEqual([]);
      expect(records.map(({ target }) => target).sort()).toEqual(acts.map(({ one }) => one.target).sort());
    },
    60_000,
  );

  it('are recorded once each also where writes collide and answers are lost', async () => {
    platform.proxy.rules.push(
      { ...writes, fault: { kind: 'conflict' }, probability: 0.25 },
      { ...writes, fault: { kind: 'dropAnswer' }, probability: 0.1 },
      { ...writes, fault: { kind: 'serverError', when: 'after' }, probability: 0.1 },
      { ...writes, fault: { kind: 'cut' }, probability: 0.1 },
    );
    const table = patient();
    const logs = Array.from({ length: 3 }, () => new AuditLog(table));
    const acts = Array.from({ length: 45 }, (_, index) => ({ log: logs[index % 3] as AuditLog, one: ours() }));
    const results = await Promise.allSettled(acts.map(({ log, one }) => make(table, log, one)));
    platform.proxy.rules.length = 0;
    await platform.proxy.settled();
    const records = await allRecords(table, tenant);
    expect(faultsOf(records)).toEqual([]);
    const targets = acts.map(({ one }) => one.target);
    expect(records.map(({ target }) => target).sort()).toEqual((await targetsMade(table, targets)).sort());
    const done = acts.filter((__, index) => isDone(results[index]));
    expect(done.length).toBeGreaterThan(40);
    expect(records.map(({ target }) => target)).toEqual(expect.arrayContaining(done.map(({ one }) => one.target)));
    // Of whom it was said that nothing was done, nothing was.
    const undone = acts.filter((__, index) => isUndone(results[index])).map(({ one }) => one.target);
    expect(records.filter(({ target }) => undone.includes(target))).toEqual([]);
  });
});

function isDone(result: PromiseSettledResult<{ readonly refusal?: unknown }> | undefined): boolean {
  return result?.status === 'fulfilled' && !result.value.refusal;
}

function isUndone(result: PromiseSettledResult<unknown> | undefined): boolean {
  return result?.status === 'rejected' && ['contention', 'unavailable'].includes(result.reason.code);
}

const deaths: readonly Fault[] = [
  { kind: 'dropAnswer' },
  { kind: 'cut' },
  { kind: 'serverError', when: 'after' },
  { kind: 'serverError', when: 'before' },
  { kind: 'conflict', items: [0] },
  { kind: 'conflict', items: [1] },
  { kind: 'conflict', items: [0, 1] },
  { kind: 'throttle' },
];

describe('an act that meets a fault', () => {
  const twoFaults = deaths.flatMap((first) => deaths.map((second) => [first, second] as const));

  it.each(twoFaults)('%j and then %j is done and recorded once', async (first, second) => {
    const log = new AuditLog(table);
    platform.proxy.rules.push({ ...writes, fault: first, count: 1 }, { ...writes, fault: second, count: 1 });
    const one = ours();
    const result = await make(table, log, one);
    // Where the write was made whose answer was lost, what it made refuses the next, or its record is found: both say that it is done.
    if (result.refusal) expect(await targetsMade(plain, [one.target])).toEqual([one.target]);
    const records = await allRecords(plain, tenant);
    expect(faultsOf(records)).toEqual([]);
    expect(records.map(({ target }) => target)).toEqual([one.target]);
    expect(await targetsMade(plain, [one.target])).toEqual([one.target]);
  });

  it.each(twoFaults)('%j and then %j is recorded once also where it is nothing but its record', async (...faults) => {
    platform.proxy.rules.push(...faults.map((fault) => ({ ...writes, fault, count: 1 })));
    await new AuditLog(table).note(ours({ target: 'noted' }));
    expect((await allRecords(plain, tenant)).map(({ target }) => target)).toEqual(['noted']);
  });

  it('is not done without its record, at whatever call its instance dies', async () => {
    for (let survived = 0; survived <= 2; survived++) {
      for (const fault of [{ kind: 'cut' }, { kind: 'hang', when: 'after' }] as const) {
        const dying = openPlatformTable({ table: table.name, endpoint: platform.proxy.url });
        platform.proxy.rules.length = 0;
        platform.proxy.rules.push({ fault, skip: survived });
        const one = ours();
        const outcome = make(dying, new AuditLog(dying), one).then(
          ({ refusal }) => (refusal ? 'refused' : 'done'),
          (error: { code?: string }) => error.code,
        );
        const first = await Promise.race([outcome, dying.clock.sleep(300)]);
        // Its connections break, as they do when a process is killed.
        dying.client.destroy();
        platform.proxy.rules.length = 0;
        await platform.proxy.settled();
        if (first === 'done') expect(survived).toBe(2);
        await outcome;
        const records = (await allRecords(plain, tenant)).filter(({ target }) => target === one.target);
        expect(records.map(({ target }) => target)).toEqual(await targetsMade(plain, [one.target]));
      }
    }
    expect(faultsOf(await allRecords(plain, tenant))).toEqual([]);
  });
});

describe('a write that comes late', () => {
  const late: Fault = { kind: 'latency', ms: 2_400 };

  it('does not record the act a second time', async () => {
    platform.proxy.rules.push(
      { ...writes, fault: late, count: 1 },
      { ...writes, fault: { kind: 'conflict' }, count: 1 },
    );
    await new AuditLog(table).note(ours({ target: 'late' }));
    await platform.proxy.settled();
    expect((await allRecords(plain, tenant)).map(({ target }) => target)).toEqual(['late']);
  });

  it('is found where it came to lie, although others were recorded behind it since', async () => {
    const log = new AuditLog(table);
    platform.proxy.rules.push(
      { ...writes, fault: { kind: 'dropAnswer' }, count: 1 },
      { ...writes, fault: { kind: 'conflict' }, count: 1 },
      { operation: 'Query', fault: { kind: 'latency', ms: 500 }, skip: 1, count: 1 },
    );
    const noted = log.note(ours({ target: 'first' }));
    await until('it is recorded', async () => (await allRecords(plain, tenant)).length > 0);
    await new AuditLog(plain).note(ours({ target: 'second' }));
    await noted;
    expect((await allRecords(plain, tenant)).map(({ target }) => target)).toEqual(['first', 'second']);
  });
});

describe('an act that cannot be recorded', () => {
  it('is said not to have been done where nothing can have had an effect', async () => {
    const log = new AuditLog(table);
    platform.proxy.rules.push({ ...writes, fault: { kind: 'conflict' } });
    const one = ours();
    await expect(make(table, log, one)).rejects.toMatchObject({ code: 'contention' });
    platform.proxy.rules.length = 0;
    expect(await allRecords(plain, tenant)).toEqual([]);
    expect(await targetsMade(plain, [one.target])).toEqual([]);
  });

  it('is said to be in doubt where a write may still have its effect', async () => {
    const log = new AuditLog(table);
    platform.proxy.rules.push(
      { ...writes, fault: { kind: 'hang', when: 'before' }, count: 1 },
      { ...writes, fault: { kind: 'conflict' } },
    );
    await expect(make(table, log, ours())).rejects.toMatchObject({ code: 'outcome_unknown' });
  });

  it('is in doubt no more where another record took its place', async () => {
    const one = ours();
    let calls = 0;
    const result = await new AuditLog(table).recorded(one, async (record) => {
      calls += 1;
      if (calls > 1)
        return {
          refusal: { kind: 'cancelled', failures: [{ kind: 'condition' }, { kind: 'none' }] },
          isInDoubt: false,
        };
      const other = auditItem(nextRecord(emptyLog, ours({ target: 'another' }), 1, 'nonce'));
      await plain.client.send(new PutCommand({ TableName: plain.name, Item: other }));
      return writeRecorded(table, [record], undefined).then((met) => ({ ...met, isInDoubt: true }));
    });
    expect(result).toMatchObject({ refusal: { kind: 'cancelled' }, isInDoubt: false });
  });

  it('fails for good where DynamoDB finds its record wrong', async () => {
    const failures = [{ kind: 'none' }, { kind: 'invalid', message: 'too large' }] as const;
    const write = async () => ({ refusal: { kind: 'cancelled', failures }, isInDoubt: false }) as const;
    await expect(new AuditLog(table).recorded(ours(), write)).rejects.toThrow('too large');
  });
});

describe('an act among very many others', () => {
  /** As if somebody else were always first, so many times; how long each pause was, of a time that passes in pauses only. */
  async function overtaken(times: number, rest: Partial<Act>): Promise<number[]> {
    const pauses: number[] = [];
    const clock = {
      ...table.clock,
      elapsed: () => pauses.reduce((sum, pause) => sum + pause, 0),
      sleep: async (milliseconds: number) => void pauses.push(milliseconds),
    };
    let tries = 0;
    await new AuditLog({ ...table, clock }).recorded(ours(rest), async (record) => {
      tries += 1;
      if (tries > times) return writeRecorded(plain, [record], undefined);
      return { refusal: { kind: 'cancelled', failures: [{ kind: 'condition' }] }, isInDoubt: false };
    });
    return pauses;
  }

  it.each<Partial<Act>>([
    { action: 'client.revoked' },
    { action: 'client.updated', after: { roles: [] } },
    { action: 'client.key_rotated' },
    { action: 'account.updated', after: { status: 'frozen' } },
    { action: 'account.updated', after: { freezes: 'all' } },
  ])('comes through where it takes something from somebody who may be doing harm: %j', async (rest) => {
    const pauses = await overtaken(40, rest);
    expect(pauses).toHaveLength(40);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(40);
    expect(await allRecords(plain, tenant)).toEqual([expect.objectContaining(rest)]);
  });

  it.each<Partial<Act>>([
    { action: 'webhook.created' },
    { action: 'account.updated', after: { owner: 'ada' } },
    { action: 'account.updated', after: { status: 'active', freezes: null } },
  ])('makes room for those where it does not, and gives up when its time is over: %j', async (rest) => {
    expect(Math.max(...(await overtaken(15, rest)))).toBeGreaterThan(40);
    await expect(overtaken(100, rest)).rejects.toMatchObject({ code: 'contention' });
    expect(await allRecords(plain, tenant)).toHaveLength(1);
  });
});

describe('damage of the last record', () => {
  async function damage(changes: object): Promise<void> {
    await new AuditLog(table).note(ours());
    const row = await plain.reader.get(auditKey(tenant, 1));
    await plain.client.send(new PutCommand({ TableName: plain.name, Item: { ...row, ...changes } }));
  }

  it('does not keep anybody from acting where it can be gone on from', async () => {
    await damage({ actor: 'nobody', before: '{' });
    expect(await make(table, new AuditLog(table), ours())).toEqual({ isInDoubt: false });
    await expect(allRecords(table, tenant)).rejects.toThrow(/actor/);
  });

  it.each([{ hash: 7 }, { at: 'noon' }])('stops acts where it cannot: %j', async (changes) => {
    await damage(changes);
    const one = ours();
    await expect(make(table, new AuditLog(table), one)).rejects.toThrow(/hash|at/);
    expect(await targetsMade(table, [one.target])).toEqual([]);
  });
});
