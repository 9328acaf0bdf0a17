import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { LedgerError, type TransactionId } from '../../lib/ledger/index.ts';
import type { DeadLetterSource } from '../../lib/platform/dead-letter.ts';
import type { DeadLetterId } from '../../lib/platform/dead-letter-id.ts';
import { deadLetterItem } from '../../lib/platform/dead-letter-item.ts';
import { DeadLetterStore, type MessageLetter } from '../../lib/platform/dead-letter-store.ts';
import { letterOfMessage } from '../../lib/platform/dead-message.ts';
import { MassReprocessing } from '../../lib/platform/mass-reprocessing.ts';
import { MessageResender } from '../../lib/platform/message-resender.ts';
import type { PlatformTable } from '../../lib/platform/platform-table.ts';
import { type AcceptedAnew, type BackToWork, Reprocessing, type Resolving } from '../../lib/platform/reprocessing.ts';
import { account, tenant } from '../support/ledger-fixture.ts';
import { type PlatformFixture, queueRecord, sentAt, startPlatform } from './platform-fixture.ts';
import { type QueueFixture, startQueues } from './queue-fixture.ts';
import { type CallWatch, dieEverywhere, watchedTable } from './watched-table.ts';

let platform: PlatformFixture;
let queues: QueueFixture;
let resender: MessageResender;
beforeAll(async () => {
  [platform, queues] = await Promise.all([startPlatform(), startQueues()]);
  resender = new MessageResender({ queueUrls: queues.queueUrls, endpoint: queues.endpoint });
});
afterEach(async () => {
  for (const source of ['lines', 'deliveries'] as const) await takeAll(source);
});
afterAll(async () => {
  await queues.stop();
  await platform.stop();
});

async function takeAll(source: DeadLetterSource) {
  const records = await queues.receive(queues.urlOf(source));
  for (const record of records) await queues.remove(queues.urlOf(source), record);
  return records;
}

/** What failed transactions become: each another one, and the same however often it is asked. */
function acceptAnew(_: unknown, id: TransactionId): Promise<AcceptedAnew> {
  const becomes = id.replace(/a/g, 'b') as TransactionId;
  const kind = acceptedBefore.has(id) ? 'already' : 'accepted';
  acceptedBefore.add(id);
  return Promise.resolve({ kind, transactionId: becomes });
}
const acceptedBefore = new Set<TransactionId>();

function reprocessing(table: PlatformTable = platform.table, work: Partial<BackToWork> = {}): Reprocessing {
  const resend: BackToWork['resend'] = (...message) => resender.resend(...message);
  return new Reprocessing(new DeadLetterStore(table), { acceptAnew, resend, ...work }, table.clock);
}

let keys = 0;
function resolving(mark = `key-${++keys}`): Resolving {
  return {
    by: { actor: { tenant: 'default', client: 'operator' } },
    keyApplied: { mark, requestHash: 'hash' },
    cause: {},
  };
}

/** A message that its queue gave up, and that was kept. */
async function deadMessage(source: DeadLetterSource, body = JSON.stringify({ tenant, account: 'alice' })) {
  queues.send(source, body, { correlationId: 'c-1' });
  await queues.exhaust(source);
  const [record] = await queues.receive(queues.deadLettersOf(source));
  if (!record) throw new Error('the message did not become a dead letter');
  await queues.remove(queues.deadLettersOf(source), record);
  const letter = letterOfMessage(record, Date.now());
  await new DeadLetterStore(platform.table).keep(letter);
  return letter;
}

async function failedTransaction(name: string): Promise<DeadLetterId> {
  const item = deadLetterItem({
    tenant,
    transactionId: `tx_${name.padEnd(52, 'a')}` as TransactionId,
    account: account('alice'),
    error: new Error('damaged'),
    attempts: 5,
    firstFailureAt: sentAt,
    lastFailureAt: sentAt,
  });
  await platform.database.documents.send(new PutCommand({ TableName: platform.table.name, Item: item }));
  return String(item.SK) as DeadLetterId;
}

const stored = (id: DeadLetterId) => new DeadLetterStore(platform.table).get([tenant, undefined], id);

describe('reprocess', () => {
  it.each(['lines', 'deliveries'] as const)(
    'sends a message of %s again as it was, under an id of its own',
    async (source) => {
      const letter = await deadMessage(source);
      const result = await reprocessing().reprocess([tenant], letter.id, resolving());
      const [record, ...others] = await takeAll(source);
      expect(others).toEqual([]);
      expect(record).toMatchObject({
        body: letter.message.body,
        messageAttributes: { correlationId: { stringValue: 'c-1', dataType: 'String' } },
      });
      expect(record?.attributes.MessageGroupId).toBe(source === 'lines' ? 'group' : undefined);
      expect(record?.messageId).not.toBe(letter.message.id);
      expect(result).toMatchObject({
        kind: 'reprocessed',
        letter: { status: 'reprocessed', resolution: { by: 'operator', messageId: record?.messageId } },
      });
      expect(await stored(letter.id)).toEqual(result.kind === 'reprocessed' ? result.letter : undefined);
    },
  );

  it('keeps bytes among the attributes as they are', async () => {
    const letter = letterOfMessage(queueRecord('bytes', { tenant }), sentAt);
    await new DeadLetterStore(platform.table).keep(letter);
    await reprocessing().reprocess([tenant], letter.id, resolving());
    const [record] = await takeAll('lines');
    expect(record?.messageAttributes.bytes).toEqual({ dataType: 'Binary', binaryValue: 'AAEC' });
  });

  it('does it once under a key, and says so to another', async () => {
    const { id } = await deadMessage('deliveries');
    const first = await reprocessing().reprocess([tenant], id, resolving('same'));
    expect(await reprocessing().reprocess([tenant], id, resolving('same'))).toEqual(first);
    expect(await reprocessing().reprocess([tenant], id, resolving())).toMatchObject({ kind: 'not_open' });
    expect(await takeAll('deliveries')).toHaveLength(1);
    const other = { ...resolving('same'), keyApplied: { mark: 'same', requestHash: 'other' } };
    await expect(reprocessing().reprocess([tenant], id, other)).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
  });

  it('finishes under the same key wherever the process dies, and a FIFO queue gets the message once', async () => {
    let letter: MessageLetter | undefined;
    const tried = resolving();
    const calls = await dieEverywhere(
      async (watch) => {
        letter = await deadMessage('lines');
        await reprocessing(shifted(watch), { resend: resendWatched(watch) }).reprocess([tenant], letter.id, tried);
      },
      async () => {
        if (!letter) throw new Error('nothing was tried');
        expect(await reprocessing().reprocess([tenant], letter.id, tried)).toMatchObject({ kind: 'reprocessed' });
        expect((await stored(letter.id))?.status).toBe('reprocessed');
        expect(await takeAll('lines')).toHaveLength(1);
      },
    );
    expect(calls).toBe(3);
    await takeAll('lines');
  });

  it('accepts a failed transaction anew, once, wherever the process dies', async () => {
    let id: DeadLetterId | undefined;
    let count = 0;
    const tried = resolving();
    const calls = await dieEverywhere(
      async (watch) => {
        id = await failedTransaction(`dies${++count}`.replaceAll(/[0189]/g, 'q'));
        const anew: BackToWork['acceptAnew'] = (...which) => watched(watch, 2, () => acceptAnew(which[0], which[1]));
        await reprocessing(shifted(watch), { acceptAnew: anew }).reprocess([tenant], id, tried);
      },
      async () => {
        if (!id) throw new Error('nothing was tried');
        const { transactionId = '' } = (await stored(id)) ?? {};
        const result = await reprocessing().reprocess([tenant], id, tried);
        expect(result).toMatchObject({
          kind: 'reprocessed',
          letter: { resolution: { transactionId: transactionId.replace(/a/g, 'b') } },
        });
      },
    );
    expect(calls).toBe(3);
  });

  it('says why it cannot', async () => {
    const store = new DeadLetterStore(platform.table);
    const stream = letterOfMessage(
      queueRecord('stream', '{}', { eventSourceARN: 'arn:aws:sqs:eu-central-1:0:florin-test-stream-failures' }),
      sentAt,
    );
    const cut = letterOfMessage(queueRecord('cut', 'x'.repeat(300_001)), sentAt);
    for (const letter of [stream, cut]) {
      await store.keep(letter);
      expect(await reprocessing().reprocess([tenant, undefined], letter.id, resolving())).toMatchObject({
        kind: 'not_reprocessable',
      });
      expect((await stored(letter.id))?.status).toBe('open');
    }
    const failed = await failedTransaction('refused');
    for (const kind of ['not_failed', 'unreadable'] as const) {
      const refuse: BackToWork['acceptAnew'] = () => Promise.resolve({ kind });
      const result = await reprocessing(platform.table, { acceptAnew: refuse }).reprocess(
        [tenant],
        failed,
        resolving(),
      );
      expect(result).toMatchObject({ kind: 'not_reprocessable' });
    }
    expect((await stored(failed))?.status).toBe('open');
  });

  it('finds no letter of others', async () => {
    const letter = letterOfMessage(queueRecord('others', { tenant: 'other' }), sentAt);
    await new DeadLetterStore(platform.table).keep(letter);
    expect(await reprocessing().reprocess([tenant, undefined], letter.id, resolving())).toEqual({ kind: 'not_found' });
  });

  it('leaves the letter open where the queue cannot be reached', async () => {
    const letter = await deadMessage('deliveries');
    const nowhere = new MessageResender({ queueUrls: queues.queueUrls, endpoint: 'http://127.0.0.1:9' });
    const resend: BackToWork['resend'] = (...message) => nowhere.resend(...message);
    await expect(
      reprocessing(platform.table, { resend }).reprocess([tenant], letter.id, resolving()),
    ).rejects.toMatchObject({
      code: 'outcome_unknown',
    });
    expect((await stored(letter.id))?.status).toBe('open');
    expect(await reprocessing().reprocess([tenant], letter.id, resolving())).toMatchObject({ kind: 'reprocessed' });
  });
});

describe('MassReprocessing', () => {
  const mass = (work: Partial<BackToWork> = {}) =>
    new MassReprocessing(platform.table, reprocessing(platform.table, work));
  const kinds = (run: Awaited<ReturnType<MassReprocessing['run']>>) => run.results.map(({ result }) => result.kind);

  it('tells of each letter by itself, and goes on behind one that fails', async () => {
    const letters = [await deadMessage('deliveries'), await deadMessage('deliveries'), await deadMessage('deliveries')];
    const ids = letters.map(({ id }) => id);
    const unknown = `dl_${'0'.repeat(13)}${'a'.repeat(26)}` as DeadLetterId;
    const second = letters[1]?.message.id;
    const error = new LedgerError('outcome_unknown', 'lost');
    const resend: BackToWork['resend'] = (queue, message, id) =>
      message.id === second ? Promise.reject(error) : resender.resend(queue, message, id);
    const run = await mass({ resend }).run([tenant], { ids: [...ids, unknown] }, resolving(), 30_000);
    expect(run.results.map(({ id }) => id)).toEqual([...ids, unknown]);
    expect(kinds(run)).toEqual(['reprocessed', 'failed', 'reprocessed', 'not_found']);
    expect(run.results[1]?.result).toEqual({ kind: 'failed', error });
    expect(await takeAll('deliveries')).toHaveLength(2);
    expect(kinds(await mass().run([tenant], { ids }, resolving(), 30_000))).toEqual([
      'not_open',
      'reprocessed',
      'not_open',
    ]);
  });

  it('takes the open ones that match, oldest first, up to the limit, and goes on under the same key', async () => {
    for (let n = 0; n < 7; n++) await deadMessage('deliveries');
    await deadMessage('lines');
    const filter = { source: 'deliveries' as const };
    const key = resolving();
    const first = await mass().run([tenant], { filter, limit: 4 }, key, 30_000);
    expect([kinds(first), first.more]).toEqual([Array(4).fill('reprocessed'), true]);
    // The same request again does nothing anew.
    const again = await mass().run([tenant], { filter, limit: 4 }, key, 30_000);
    expect(again).toEqual(first);
    expect(await takeAll('deliveries')).toHaveLength(4);
    const rest = await mass().run([tenant], { filter }, resolving(), 30_000);
    expect([kinds(rest), rest.more]).toEqual([Array(3).fill('reprocessed'), false]);
    expect(await mass().run([tenant], { filter }, resolving(), 30_000)).toEqual({ results: [], more: false });
    expect(kinds(await mass().run([tenant], { filter: { kind: 'message' } }, resolving(), 30_000))).toEqual([
      'reprocessed',
    ]);
  });

  it('begins nothing that may not end in time', async () => {
    const { id } = await deadMessage('deliveries');
    expect(kinds(await mass().run([tenant], { ids: [id] }, resolving(), 1_000))).toEqual(['not_tried']);
    expect((await stored(id))?.status).toBe('open');
  });
});

/** Counts the sending as the second call, between the read and the mark. */
function resendWatched(watch: CallWatch): BackToWork['resend'] {
  return (...message) => watched(watch, 2, () => resender.resend(...message));
}

async function watched<T>(watch: CallWatch, call: number, work: () => Promise<T>): Promise<T> {
  await watch.before?.(call);
  const answer = await work();
  await watch.after?.(call);
  return answer;
}

/** The table's first call is the first of all, and its second the third. */
function shifted(watch: CallWatch): PlatformTable {
  const place = (call: number) => (call === 1 ? 1 : call + 1);
  return watchedTable(platform.table, {
    before: (call) => watch.before?.(place(call)),
    after: (call) => watch.after?.(place(call)),
  });
}
