import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { paginateScan } from '@aws-sdk/client-dynamodb';
import { openAppender } from '../../lib/dynamodb/journal/journal-appender.ts';
import { type CanonicalValue, canonicalJson, type TenantId } from '../../lib/ledger/index.ts';
import { callWith, type TestApi } from '../functions/api.ts';
import { startApiWithMoney } from '../functions/money.ts';
import { lambdaContext } from '../functions/proxy-event.ts';
import { queueRecord } from '../platform/platform-fixture.ts';
import { readTable } from '../support/books.ts';
import { demand } from './callers.ts';

export const asset = 'USD/2';

/** Whose the accounts are that requests are about, and who has others. */
export const owner = 'ann';
export const stranger = 'bob';

/** A tenant `default` with one of everything that a request may be about, and more made on demand. */
export interface World {
  readonly api: TestApi;
  /** Of `owner`. */
  readonly account: string;
  /** Of nobody. */
  readonly shop: string;
  /** A version of the fee schedule. */
  readonly feeVersion: number;
  /** Each is a new one, made by who may do everything; the path of it. */
  hold(): Promise<string>;
  transaction(): Promise<string>;
  monitor(): Promise<string>;
  webhook(): Promise<string>;
  delivery(): Promise<string>;
  client(): Promise<string>;
  deadLetter(): Promise<string>;
  /** The path of the newest record of the audit log. */
  auditRecord(): Promise<string>;
  /**
   * Every item of all tables as canonical JSON, but for those that the access check itself writes, and for the audit log of the other tenant:
   * what its administrator tries there is recorded there.
   */
  contents(): Promise<ReadonlySet<string>>;
  /** Deletes monitors and webhooks: a tenant may have so many at a time. */
  tidy(): Promise<void>;
  stop(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const started = await startApiWithMoney();
  const pages = await startPages();
  const api: TestApi = {
    ...started,
    call: (method, at, ...rest) => (at.startsWith('/v1/') ? started.call : pages.call)(method, at, ...rest),
  };
  const { call } = api;
  // Loaded only now: it reads the environment that the API has made.
  const { handler: keepDeadLetters } = await import('../../functions/workers/keep-dead-letters.ts');
  const made = async (at: string, body?: unknown) => (await demand(201, call('POST', at, body))).body;

  const account = `wallet-${randomUUID()}`;
  const shop = `shop-${randomUUID()}`;
  await made('/v1/accounts', { id: account, owner });
  await made('/v1/accounts', { id: shop });
  await made(`/v1/accounts/${account}/deposits`, { asset, amount: '1000000' });
  await made(`/v1/accounts/${shop}/deposits`, { asset, amount: '1000000' });
  await made('/v1/fee-schedules', { rules: [] });
  const { version: feeVersion } = await made('/v1/fee-schedules', { rules: [] });
  await appendJournal(api);

  const world: World = {
    api,
    account,
    shop,
    feeVersion,
    hold: async () => `/v1/holds/${(await made('/v1/holds', { account, asset, amount: '5' })).id}`,
    transaction: async () =>
      `/v1/transactions/${(await made(`/v1/accounts/${account}/spends`, { asset, amount: '5' })).id}`,
    monitor: async () => {
      const monitors = `/v1/accounts/${account}/monitors`;
      return `${monitors}/${(await made(monitors, { asset, below: '1' })).id}`;
    },
    webhook: async () => {
      return `/v1/webhooks/${(await made('/v1/webhooks', { url: 'https://example.com/hook' })).id}`;
    },
    delivery: async () => {
      const webhook = await world.webhook();
      const { body } = await demand(202, call('POST', `${webhook}/ping`));
      return `${webhook}/deliveries/${body.id}`;
    },
    client: async () => `/v1/admin/clients/${(await made('/v1/admin/clients', { name: 'Billing' })).id}`,
    deadLetter: async () => {
      const record = queueRecord(randomUUID(), { tenant: 'default', account });
      await keepDeadLetters({ Records: [record] }, lambdaContext());
      for (const { id } of (await demand(200, call('GET', '/v1/admin/dead-letters?limit=100'))).body.data) {
        const letter = `/v1/admin/dead-letters/${id}`;
        if ((await call('GET', letter)).body.message?.id === record.messageId) return letter;
      }
      throw new Error('the dead letter is not listed');
    },
    auditRecord: async () => {
      const { body } = await demand(200, call('GET', '/v1/admin/audit-log?limit=1'));
      return `/v1/admin/audit-log/${body.data[0].number}`;
    },
    contents: () => contentsOf(api),
    tidy: async () => {
      for (const list of [`/v1/accounts/${account}/monitors`, '/v1/webhooks']) {
        const { body } = await demand(200, call('GET', list));
        for (const { id } of body.data) await demand(200, call('DELETE', `${list}/${id}`));
      }
    },
    stop: async () => {
      await pages.stop();
      await api.stop();
    },
  };
  return world;
}

/** The function of the documents, which serves files that lie beside its bundle, with such files. */
async function startPages() {
  const folder = await mkdtemp(path.join(tmpdir(), 'florin-pages-'));
  await mkdir(path.join(folder, 'docs'));
  for (const file of ['openapi.json', 'docs/index.html', 'docs/swagger-ui.css']) {
    await writeFile(path.join(folder, file), '{}');
  }
  // Loaded only now, as all functions: the logger reads the environment that the API has made, in which it is silent.
  const { serveDocuments } = await import('../../functions/documents/serve-documents.ts');
  const { recorder } = await import('../observability/recorder.ts');
  const call = callWith({ documents: serveDocuments(folder, recorder().instruments) });
  return { call, stop: () => rm(folder, { recursive: true }) };
}

async function appendJournal({ database: { client, tables, endpoint } }: TestApi): Promise<void> {
  const rows = await readTable(client, tables.ledger);
  const partitions = rows.filter(({ SK }) => SK === 'RECORD' || SK === 'CHANGE').map(({ PK }) => String(PK));
  await openAppender({ table: tables.ledger, endpoint }).append('default' as TenantId, partitions, 10_000);
}

/** Keys note when they were used last, and allowances how much of them: both for whoever comes, allowed or not. */
const notCompared = /^(KEY#|RATE#|T#other#AUDIT$)/;

async function contentsOf({ database: { client, tables } }: TestApi): Promise<ReadonlySet<string>> {
  const items = new Set<string>();
  for (const table of [tables.ledger, tables.platform, tables.idempotency]) {
    for await (const page of paginateScan({ client }, { TableName: table, ConsistentRead: true })) {
      for (const item of page.Items ?? []) {
        if (notCompared.test(item.PK?.S ?? '')) continue;
        items.add(canonicalJson(item as unknown as CanonicalValue));
      }
    }
  }
  return items;
}
