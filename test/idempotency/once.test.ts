import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Ledger } from '../../lib/dynamodb/index.ts';
import { type Answer, json } from '../../lib/http/index.ts';
import { createIdempotencyClient, createOnce, type Mutation } from '../../lib/idempotency/index.ts';
import { type AccountId, LedgerError, type TenantId } from '../../lib/ledger/index.ts';
import type { LineWriter } from '../../lib/observability/index.ts';
import { lambdaContext } from '../functions/proxy-event.ts';
import { startDatabase, type TestDatabase } from '../support/dynoxide.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { until } from '../support/until.ts';

const tenant = 'default' as TenantId;

let database: TestDatabase;
let proxy: FaultProxy;
let client: DynamoDBClient;
let ledger: Ledger;
const warnings: string[] = [];
const warned: object[] = [];
const logger = {
  warn: (message: string, fields: object) => {
    warnings.push(message);
    warned.push(fields);
  },
} as unknown as LineWriter;

beforeAll(async () => {
  database = await startDatabase();
  proxy = await startFaultProxy({ target: database.endpoint });
  client = createIdempotencyClient(proxy.url);
  ledger = new Ledger({ table: database.tables.ledger, endpoint: database.endpoint });
});
afterAll(async () => {
  client.destroy();
  await proxy.stop();
  await database.stop();
});

/** Stands still, so that nobody's wait for an answer is over because this machine is busy. */
let clock: jest.Spied<typeof performance.now>;
beforeEach(() => {
  clock = jest.spyOn(performance, 'now').mockReturnValue(0);
});
afterEach(() => clock.mockRestore());

function mutation(change: Mutation['change'], rest: Partial<Mutation> & { timeMs?: number } = {}): Mutation {
  const context = lambdaContext(rest.timeMs);
  return {
    tenant,
    key: randomUUID(),
    context,
    cause: { correlationId: 'c-1' },
    request: { name: 'x' },
    remainingTimeInMillis: () => context.getRemainingTimeInMillis(),
    change,
    ...rest,
  };
}

const once = (operation = 'updateAccount') => createOnce(operation, database.tables.idempotency, client, logger);

/** A change that counts how often it is made. */
function counted(answer: () => Promise<Answer> = async () => json(201, { made: true })) {
  const count = { made: 0 };
  const change = async () => {
    count.made += 1;
    return answer();
  };
  return { count, change };
}

describe('createOnce', () => {
  it('makes a change once and replays its answer whole', async () => {
    const { count, change } = counted(async () => json(201, { made: true }, { location: '/v1/x', etag: 'W/"1"' }));
    const request = mutation(change);
    const first = await once()(request);
    expect(await once()(request)).toEqual({ ...first, replayed: true });
    expect(count.made).toBe(1);
  });

  it('refuses the key for another request', async () => {
    const { count, change } = counted();
    const request = mutation(change);
    await once()(request);
    await expect(once()({ ...request, request: { name: 'y' } })).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
    expect(count.made).toBe(1);
  });

  it('tells names apart that differ only in case, in whatever order they come', async () => {
    const { count, change } = counted();
    const request = mutation(change, { request: { a: '1', A: '2' } });
    await once()(request);
    await once()({ ...request, request: { A: '2', a: '1' } });
    await expect(once()({ ...request, request: { a: '2', A: '1' } })).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
    expect(count.made).toBe(1);
  });

  it('keeps keys of tenants and operations apart', async () => {
    const { count, change } = counted();
    const request = mutation(change);
    await once()(request);
    await once()({ ...request, tenant: 'other' as TenantId });
    await once('createAsset')(request);
    expect(count.made).toBe(3);
  });

  it('lets a duplicate wait for the answer of the request in flight', async () => {
    const { count, change } = counted(async () => {
      await sleep(400);
      return json(201, { made: true });
    });
    const request = mutation(change);
    const answers = await Promise.all([once()(request), once()(request), once()(request)]);
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect(answers.filter(({ replayed }) => replayed)).toHaveLength(2);
    expect(count.made).toBe(1);
  });

  it('says in_progress when the wait is over, within the time that is left', async () => {
    const release = Promise.withResolvers<void>();
    const { count, change } = counted(async () => {
      await release.promise;
      return json(201, {});
    });
    const request = mutation(change);
    const inFlight = once()(request);
    await until('the change is being made', () => count.made === 1);
    const waiting = once()({ ...request, remainingTimeInMillis: () => 300 });
    clock.mockReturnValue(299);
    expect(await Promise.race([waiting, sleep(150, 'still waiting')])).toBe('still waiting');
    clock.mockReturnValue(300);
    await expect(waiting).rejects.toMatchObject({ code: 'in_progress' });
    release.resolve();
    await inFlight;
  });

  it('does not keep a refusal', async () => {
    let exists = true;
    const { count, change } = counted(async () => {
      if (exists) throw new LedgerError('already_exists', 'exists');
      return json(201, {});
    });
    const request = mutation(change);
    await expect(once()(request)).rejects.toMatchObject({ code: 'already_exists' });
    exists = false;
    expect(await once()(request)).toMatchObject({ status: 201 });
    expect(count.made).toBe(2);
  });

  it('does nothing when the records cannot be reached', async () => {
    const { count, change } = counted();
    const request = mutation(change);
    const rule = { fault: { kind: 'serverError', when: 'before' }, operation: 'PutItem' } as const;
    proxy.rules.push(rule);
    await expect(once()(request)).rejects.toMatchObject({ code: 'unavailable' });
    proxy.rules.length = 0;
    expect(count.made).toBe(0);
    expect(await once()(request)).toMatchObject({ status: 201 });
  });

  it.each([{ kind: 'dropAnswer' }, { kind: 'serverError', when: 'after' }, { kind: 'hang', when: 'after' }] as const)(
    'knows its own record again whose write lost its answer: $kind',
    async (fault) => {
      const { count, change } = counted();
      const request = mutation(change);
      proxy.rules.push({ fault, operation: 'PutItem', count: 1 });
      const first = await once()(request);
      proxy.rules.length = 0;
      expect(first).toMatchObject({ status: 201 });
      expect(await once()(request)).toEqual({ ...first, replayed: true });
      expect(count.made).toBe(1);
    },
  );

  it('takes no duplicate of the same moment for itself, whose write lost its answer too', async () => {
    const { count, change } = counted(async () => {
      await sleep(400);
      return json(201, { made: true });
    });
    const request = mutation(change);
    proxy.rules.push({ fault: { kind: 'serverError', when: 'after' }, operation: 'PutItem', count: 3 });
    const answers = await Promise.all([once()(request), once()(request), once()(request)]);
    proxy.rules.length = 0;
    expect(answers.filter(({ replayed }) => replayed)).toHaveLength(2);
    expect(count.made).toBe(1);
  });

  it('says what the change came to, whatever becomes of the record about it', async () => {
    const { change } = counted();
    proxy.rules.push({ fault: { kind: 'serverError', when: 'before' }, operation: ['UpdateItem', 'DeleteItem'] });
    expect(await once()(mutation(change))).toMatchObject({ status: 201 });
    const failing = async () => {
      throw new LedgerError('outcome_unknown', 'lost');
    };
    await expect(once()(mutation(failing))).rejects.toMatchObject({ code: 'outcome_unknown' });
    proxy.rules.length = 0;
    expect(warnings).toContain('an idempotency record could not be completed');
    expect(warned.at(-1)).toMatchObject({ operation: 'updateAccount', correlationId: 'c-1' });
  });
});

describe('the crash window between change and record', () => {
  it('is closed by the key in the change: what was changed is not changed again', async () => {
    const id = `acct_${randomUUID()}` as AccountId;
    const keyApplied = { mark: randomUUID(), requestHash: 'r' };
    await ledger.accounts.create({ tenant, id, unbounded: false, floors: new Map(), metadata: {}, keyApplied });
    let made = 0;
    const dies = Promise.withResolvers<never>();
    const freeze = mutation(
      async (applied) => {
        const account = await ledger.accounts.update({ tenant, id, patch: { status: 'frozen' }, keyApplied: applied });
        made += 1;
        // The process dies here: the change is made, the record stays in progress until its time is over.
        return made === 1 ? dies.promise : json(200, { version: account.version });
      },
      { timeMs: 500 },
    );
    void once()(freeze);
    await until('the change is made', () => made === 1);
    // From then on its record is in progress for no longer than its function had time.
    await sleep(550);
    const later = { ...freeze, context: lambdaContext(), remainingTimeInMillis: () => 9_000 };
    const thawed = { mark: randomUUID(), requestHash: 't' };
    await ledger.accounts.update({ tenant, id, patch: { status: 'active' }, keyApplied: thawed });

    const answer = await once()(later);

    expect({ made, body: answer.body }).toEqual({ made: 2, body: '{"version":3}' });
    expect(await ledger.accounts.get(tenant, id)).toMatchObject({ status: 'active', version: 3 });
  });
});
