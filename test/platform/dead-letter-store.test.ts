import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { platformTable } from '../../lib/config/ledger-table.ts';
import { LedgerError, type TransactionId } from '../../lib/ledger/index.ts';
import { deadLetterItem, parseDeadLetter } from '../../lib/platform/dead-letter-item.ts';
import { DeadLetterStore, type MessageLetter } from '../../lib/platform/dead-letter-store.ts';
import { letterOfMessage } from '../../lib/platform/dead-message.ts';
import { StoredFailureNotes } from '../../lib/platform/failure-notes.ts';
import type { PlatformTable } from '../../lib/platform/platform-table.ts';
import type { FailureNote } from '../../lib/sqs/index.ts';
import { account, tenant } from '../support/ledger-fixture.ts';
import { type PlatformFixture, queueRecord, sentAt, startPlatform } from './platform-fixture.ts';
import { type CallWatch, dieEverywhere, watchedTable } from './watched-table.ts';

let platform: PlatformFixture;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.stop());

let messages = 0;
function newLetter(): MessageLetter {
  return letterOfMessage(queueRecord(`message-${++messages}`, { tenant, account: 'alice' }), sentAt + 60_000);
}

function noteOf({ message }: MessageLetter, rest: Partial<FailureNote> = {}): FailureNote {
  return {
    messageId: message.id,
    queueArn: 'arn:aws:sqs:eu-central-1:000000000000:florin-test-lines.fifo',
    errorClass: 'LedgerError',
    errorMessage: 'DynamoDB did not answer a read',
    attempts: 5,
    firstReceivedAt: sentAt + 5,
    failedAt: sentAt + 50_000,
    ...rest,
  };
}

const noted = {
  failure: { errorClass: 'LedgerError', errorMessage: 'DynamoDB did not answer a read' },
  attempts: 5,
  firstFailureAt: sentAt + 5,
  lastFailureAt: sentAt + 50_000,
};

const keep = (letter: MessageLetter, table = platform.table) => new DeadLetterStore(table).keep(letter);
const note = (failure: FailureNote, table = platform.table) => new StoredFailureNotes(table).note(failure);
const watched = (watch: CallWatch): PlatformTable => watchedTable(platform.table, watch);
const stored = ({ id }: MessageLetter) => new DeadLetterStore(platform.table).get([tenant], id);

describe('keep', () => {
  it('keeps a letter once, however often its message comes', async () => {
    const letter = newLetter();
    expect(await stored(letter)).toBeUndefined();
    expect(await keep(letter)).toBe(true);
    expect(await keep({ ...letter, lastFailureAt: letter.lastFailureAt + 1 })).toBe(false);
    expect(await stored(letter)).toEqual(letter);
  });

  it('keeps it once where two try at the same time', async () => {
    const letter = newLetter();
    const kept = await Promise.all([1, 2, 3].map(() => keep(letter)));
    expect(kept.filter(Boolean)).toHaveLength(1);
  });

  it('keeps it once, and with its note, wherever the process dies', async () => {
    const letters = new Map<string, MessageLetter>();
    let letter = newLetter();
    const calls = await dieEverywhere(
      async (watch) => {
        letter = newLetter();
        await note(noteOf(letter));
        await keep(letter, watched(watch));
      },
      async (crash) => {
        letters.set(crash, letter);
        await keep(letter);
      },
    );
    expect(calls).toBe(2);
    expect([...letters.keys()]).toEqual(['before call 1', 'after call 1', 'before call 2', 'after call 2']);
    for (const one of letters.values()) expect(await stored(one)).toEqual({ ...one, ...noted });
  });

  it('keeps letters that do not say whose they are apart from those of tenants', async () => {
    const letter = letterOfMessage(queueRecord('nobody', 'no json'), sentAt);
    await keep(letter);
    const store = new DeadLetterStore(platform.table);
    expect(await store.get([tenant], letter.id)).toBeUndefined();
    expect(await store.get([tenant, undefined], letter.id)).toEqual(letter);
  });

  it('fails where the table cannot be reached, and nothing is kept', async () => {
    const letter = newLetter();
    platform.proxy.rules.push({ fault: { kind: 'cut' } });
    await expect(keep(letter, watched({}))).rejects.toThrow(LedgerError);
    platform.proxy.rules.length = 0;
    expect(await stored(letter)).toBeUndefined();
  });
});

describe('a note', () => {
  it('ends by itself, a day after the message must have ended', async () => {
    const letter = newLetter();
    await note(noteOf(letter));
    const item = (await platform.items()).find(({ PK }) => PK === `-#N#${letter.message.id}`);
    const days = (Number(item?.[platformTable.expiryAttribute]) - Date.now() / 1_000) / 86_400;
    expect(days).toBeCloseTo(15, 2);
  });

  it('of an earlier attempt gives way to that of a later one, in whatever order they come', async () => {
    const earlier = { attempts: 4, errorMessage: 'earlier', failedAt: sentAt + 10 };
    const [one, other] = [newLetter(), newLetter()];
    await note(noteOf(one, earlier));
    await note(noteOf(one));
    await note(noteOf(other));
    await note(noteOf(other, earlier));
    for (const letter of [one, other]) {
      await keep(letter);
      expect(await stored(letter)).toEqual({ ...letter, ...noted });
      await note(noteOf(letter, earlier));
      expect(await stored(letter)).toEqual({ ...letter, ...noted });
    }
  });

  it('goes into the letter, whichever comes first, and twice is once', async () => {
    for (const order of [
      ['note', 'keep'],
      ['keep', 'note'],
      ['keep', 'note', 'note', 'keep'],
      ['note', 'note', 'keep', 'keep', 'note'],
    ]) {
      const letter = newLetter();
      for (const step of order) await (step === 'note' ? note(noteOf(letter)) : keep(letter));
      expect(await stored(letter)).toEqual({ ...letter, ...noted });
    }
  });

  it('goes into the letter when it comes between any two calls of keeping it', async () => {
    for (const moment of ['before', 'after'] as const) {
      for (const at of [1, 2]) {
        const letter = newLetter();
        const watch: CallWatch = { [moment]: (call: number) => (call === at ? note(noteOf(letter)) : undefined) };
        expect(await keep(letter, watched(watch))).toBe(true);
        expect(await stored(letter)).toEqual({ ...letter, ...noted });
      }
    }
  });

  it('goes into the letter when that is kept between any two calls of noting', async () => {
    const letter = newLetter();
    await note(noteOf(letter), watched({ before: async (call) => void (call === 1 && (await keep(letter))) }));
    expect(await stored(letter)).toEqual({ ...letter, ...noted });
  });

  it('is bounded, and has no secrets', async () => {
    const letter = newLetter();
    await note(noteOf(letter, { errorMessage: `whsec_abc ${'x'.repeat(5_000)}` }));
    await keep(letter);
    const { errorMessage = '' } = (await stored(letter))?.failure ?? {};
    expect(errorMessage).toMatch(/^whsec_… x+$/);
    expect(Buffer.byteLength(errorMessage)).toBeLessThanOrEqual(1_024);
  });
});

describe('resolve', () => {
  const keyApplied = { mark: 'key-1', requestHash: 'hash-1' };
  const resolution = { by: 'operator', at: sentAt + 90_000, reason: 'made good by hand' };
  const store = () => new DeadLetterStore(platform.table);

  it('resolves an open letter once, and says to the same key again that it did', async () => {
    const letter = newLetter();
    await keep(letter);
    const first = await store().resolve(letter, 'discarded', resolution, keyApplied);
    expect(first).toMatchObject({ kind: 'resolved', letter: { status: 'discarded', resolution } });
    const again = await store().resolve(letter, 'discarded', { ...resolution, at: 0 }, keyApplied);
    expect(again).toEqual(first);
    const other = await store().resolve(letter, 'discarded', resolution, { ...keyApplied, mark: 'key-2' });
    expect(other).toEqual({ ...first, kind: 'not_open' });
    await expect(
      store().resolve(letter, 'discarded', resolution, { ...keyApplied, requestHash: 'hash-2' }),
    ).rejects.toMatchObject({ code: 'idempotency_key_reused' });
  });

  it('says what was done, also where the letter was discarded meanwhile, and only once', async () => {
    const letter = newLetter();
    await keep(letter);
    await store().resolve(letter, 'discarded', resolution, keyApplied);
    const done = { by: 'another', at: sentAt, messageId: 'sent' };
    const late = await store().resolve(letter, 'reprocessed', done, { ...keyApplied, mark: 'key-2' });
    expect(late).toMatchObject({ kind: 'resolved', letter: { status: 'reprocessed', resolution: done } });
    const again = await store().resolve(letter, 'reprocessed', resolution, { ...keyApplied, mark: 'key-3' });
    expect(again).toEqual({ ...late, kind: 'not_open' });
    expect(await store().get([tenant], letter.id)).toEqual(late.letter);
  });

  it('lets one of several win', async () => {
    const letter = newLetter();
    await keep(letter);
    const results = await Promise.all(
      [1, 2, 3, 4].map((n) => store().resolve(letter, 'discarded', resolution, { ...keyApplied, mark: `key-${n}` })),
    );
    expect(results.filter(({ kind }) => kind === 'resolved')).toHaveLength(1);
  });

  it('resolves a letter of a failed transaction too', async () => {
    const item = deadLetterItem({
      tenant,
      transactionId: `tx_${'a'.repeat(52)}` as TransactionId,
      account: account('alice'),
      error: new Error('damaged'),
      attempts: 5,
      firstFailureAt: sentAt,
      lastFailureAt: sentAt,
    });
    await platform.database.documents.send(new PutCommand({ TableName: platform.table.name, Item: item }));
    const [letter] = (await platform.items()).filter(({ SK }) => SK === item.SK).map(parseDeadLetter);
    if (!letter) throw new Error('the letter is not there');
    const transactionId = `tx_${'b'.repeat(52)}` as TransactionId;
    await store().resolve(letter, 'reprocessed', { by: 'operator', at: 1, transactionId }, keyApplied);
    expect(await store().get([tenant], letter.id)).toMatchObject({
      status: 'reprocessed',
      resolution: { transactionId },
    });
  });
});
