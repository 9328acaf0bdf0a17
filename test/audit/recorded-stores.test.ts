import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ActContext, AuditLog } from '../../lib/audit/index.ts';
import { Ledger } from '../../lib/dynamodb/index.ts';
import type { AccountId, AssetCode, TenantId } from '../../lib/ledger/index.ts';
import { DeadLetterStore } from '../../lib/platform/dead-letter-store.ts';
import { letterOfMessage } from '../../lib/platform/dead-message.ts';
import type { Webhook } from '../../lib/platform/webhook.ts';
import { webhookIdOf } from '../../lib/platform/webhook-id.ts';
import { WebhookStore } from '../../lib/platform/webhook-store.ts';
import { type PlatformFixture, queueRecord, sentAt, startPlatform } from '../platform/platform-fixture.ts';
import type { Fault } from '../support/faults.ts';
import { allRecords, faultsOf } from './audit-fixture.ts';

/** Each act of a store, with faults at its writes, asked for again under its key until it is done: as clients do. */
const by: ActContext = { actor: { tenant: 'default', client: 'operator' }, correlationId: 'case-1' };

/** A new one for each act, so that limits of what a tenant may have are never met. */
let tenant = 'default' as TenantId;
let tenants = 0;

async function prepared(prepare: () => Promise<Asked>): Promise<Asked> {
  tenants += 1;
  tenant = `tenant-${tenants}` as TenantId;
  return prepare();
}

interface Asked {
  readonly ask: () => Promise<unknown>;
  readonly target: string;
}

/** How fast time passes for the audit log: what cannot be recorded is tried for seconds. */
let haste = 1;

let platform: PlatformFixture;
let ledger: Ledger;
let webhooks: WebhookStore;
let letters: DeadLetterStore;
beforeAll(async () => {
  platform = await startPlatform();
  const clock = { ...platform.table.clock, elapsed: () => performance.now() * haste };
  const audit = new AuditLog({ ...platform.table, clock });
  ledger = new Ledger({ table: platform.database.tables.ledger, endpoint: platform.proxy.url, audit });
  webhooks = new WebhookStore(platform.table, audit);
  letters = new DeadLetterStore(platform.table, audit);
});
afterAll(async () => {
  ledger.client.destroy();
  await platform.stop();
});

const keyFor = (name: string) => ({ mark: name, requestHash: 'same' });

function webhook(mark: string): Webhook {
  return {
    tenant,
    id: webhookIdOf(tenant, mark),
    url: 'https://hooks.example.com/in',
    types: [],
    ordered: false,
    status: 'enabled',
    secrets: [],
    startsAfter: 0,
    deliveredThrough: 0,
    changesRecorded: 0,
    createdAt: 1,
    version: 1,
  };
}

async function keptLetter() {
  const letter = letterOfMessage(queueRecord(randomUUID(), { tenant }), sentAt + 60_000);
  expect(await letters.keep(letter)).toBe(true);
  return letter;
}

/** Prepares an act, and says how to ask for it and what it should be recorded as. */
const acts: Readonly<Record<string, () => Promise<Asked>>> = {
  'account.opened': async () => {
    const id = `a-${randomUUID()}` as AccountId;
    const account = { unbounded: true, floors: new Map(), metadata: {}, keyApplied: keyFor(id), by };
    return { ask: () => ledger.accounts.create({ tenant, id, ...account }), target: id };
  },
  'account.updated': async () => {
    const id = `a-${randomUUID()}` as AccountId;
    const account = { unbounded: false, floors: new Map(), metadata: {}, keyApplied: keyFor(id) };
    await ledger.accounts.create({ tenant, id, ...account });
    const update = { tenant, id, patch: { status: 'frozen' }, keyApplied: keyFor(`freeze ${id}`), by } as const;
    return { ask: () => ledger.accounts.update(update), target: id };
  },
  'asset.created': async () => {
    const code = `A${randomUUID().replaceAll('-', '').slice(0, 20).toUpperCase()}` as AssetCode;
    return { ask: () => ledger.assets.create({ tenant, code, keyApplied: keyFor(code), by }), target: code };
  },
  'fee_schedule.created': async () => {
    const { schedules } = await ledger.fees.list(tenant, 1);
    const version = (schedules[0]?.version ?? 0) + 1;
    const effectiveAt = Date.now() + version * 3_600_000;
    const create = { tenant, rules: [], effectiveAt, keyApplied: keyFor(`fees ${version}`), by };
    return { ask: () => ledger.fees.create(create), target: String(version) };
  },
  'webhook.created': async () => {
    const made = webhook(randomUUID());
    return { ask: () => webhooks.create(made, keyFor(made.id), by), target: made.id };
  },
  'webhook.updated': async () => {
    const { id } = await webhooks.create(webhook(randomUUID()), keyFor('made'), by);
    const change = (seen: Webhook) => ({ ...seen, types: [...seen.types, 'hold.*'] });
    const act = { action: 'webhook.updated', by } as const;
    return { ask: () => webhooks.change(tenant, id, keyFor('changed'), change, act), target: id };
  },
  'webhook.secret_rotated': async () => {
    const { id } = await webhooks.create(webhook(randomUUID()), keyFor('made'), by);
    const act = { action: 'webhook.secret_rotated', by } as const;
    return { ask: () => webhooks.change(tenant, id, keyFor('rotated'), (seen) => ({ ...seen }), act), target: id };
  },
  'webhook.deleted': async () => {
    const { id } = await webhooks.create(webhook(randomUUID()), keyFor('made'), by);
    return { ask: () => webhooks.delete(tenant, id, keyFor('deleted'), by), target: id };
  },
  'dead_letter.discarded': async () => {
    const letter = await keptLetter();
    const resolution = { by: 'operator', at: 1, reason: 'paid by hand' };
    return { ask: () => letters.resolve(letter, 'discarded', resolution, keyFor(letter.id), by), target: letter.id };
  },
  'dead_letter.reprocessed': async () => {
    const letter = await keptLetter();
    const resolution = { by: 'operator', at: 1, messageId: 'sent' };
    return { ask: () => letters.resolve(letter, 'reprocessed', resolution, keyFor(letter.id), by), target: letter.id };
  },
};

const faults: readonly Fault[] = [
  { kind: 'dropAnswer' },
  { kind: 'cut' },
  { kind: 'serverError', when: 'after' },
  { kind: 'conflict', items: [0] },
  { kind: 'throttle' },
];
const pairs = faults.flatMap((first) => faults.map((second) => [first, second] as const));

describe.each(Object.entries(acts))('%s', (action, prepare) => {
  it('is recorded once, whatever its writes meet and however often it is asked for', async () => {
    for (const pair of pairs) {
      const { ask, target } = await prepared(prepare);
      platform.proxy.rules.push(...pair.map((fault) => ({ fault, operation: 'TransactWriteItems', count: 1 })));
      await ask();
      platform.proxy.rules.length = 0;
      await ask();
      const records = await allRecords(platform.table, tenant);
      expect(records.filter((record) => record.action === action)).toEqual([
        expect.objectContaining({ target, ...by }),
      ]);
      expect(faultsOf(records)).toEqual([]);
    }
  });

  it('is not done where it cannot be recorded', async () => {
    const { ask } = await prepared(prepare);
    const before = await allRecords(platform.table, tenant);
    platform.proxy.rules.push({ fault: { kind: 'conflict', items: [0] }, operation: 'TransactWriteItems' });
    haste = 5;
    await expect(ask()).rejects.toMatchObject({ code: 'contention' });
    haste = 1;
    platform.proxy.rules.length = 0;
    expect(await allRecords(platform.table, tenant)).toEqual(before);
  });
});

it('no act is done where nobody says who asks for it', async () => {
  const asset = { tenant, code: 'NOBODYS' as AssetCode, keyApplied: keyFor('nobody') };
  await expect(ledger.assets.create(asset)).rejects.toThrow('nobody says who acts');
  expect((await ledger.assets.list(tenant)).map(({ code }) => code)).not.toContain('NOBODYS');
});
