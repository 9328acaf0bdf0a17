import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type Account,
  type AccountId,
  type AssetCode,
  accountChange,
  blockHash,
  changeContent,
  changeSubject,
  type EventContent,
  emptyJournal,
  eventIdOf,
  eventTypes,
  type Hold,
  type HoldId,
  hashedPart,
  headAfter,
  holdContent,
  type JournalEvent,
  type KeyResult,
  maxEventsPerBlock,
  nextBlock,
  type PostedTransaction,
  type RecordId,
  recordIdOf,
  recordSubject,
  spansOf,
  type TenantId,
  type TransactionId,
  transactionIdOf,
} from '../../lib/ledger/index.ts';
import { check } from '../support/property.ts';
import { accountOf } from './state-fixture.ts';

const tenant = 'default' as TenantId;
const usd = 'USD/2' as AssetCode;
const record = recordIdOf(tenant, 'key');
const other = recordIdOf(tenant, 'other');

function posted(rest: Partial<PostedTransaction> = {}): PostedTransaction {
  const entry = (account: string, sequence: number, amount: bigint, shard = 0) => ({
    account: account as AccountId,
    asset: usd,
    shard,
    sequence,
    amount,
    balanceAfter: amount,
  });
  return {
    id: transactionIdOf(record),
    status: 'posted',
    type: 'transfer',
    postings: [{ source: 'alice' as AccountId, destination: 'bob' as AccountId, asset: usd, amount: 5n }],
    entries: [entry('alice', 7, -5n), entry('bob', 2, 5n, 3), entry('alice', 8, -1n), entry('fees', 1, 1n)],
    description: 'Lunch',
    metadata: { order: '7' },
    createdAt: 1_000,
    salt: 'salt',
    ...rest,
  };
}

function hold(rest: Partial<Hold> = {}): Hold {
  return {
    id: 'hold_x' as HoldId,
    account: 'alice' as AccountId,
    asset: usd,
    amount: 5n,
    remaining: 5n,
    captured: 0n,
    status: 'open',
    description: 'Room',
    createdAt: 1_000,
    expiresAt: 2_000,
    updatedAt: 1_000,
    version: 1,
    salt: 'salt',
    ...rest,
  };
}

function transaction(rest: Partial<PostedTransaction> = {}): KeyResult {
  return { kind: 'transaction', transaction: posted(rest) };
}

function hashOf(result: KeyResult): string | undefined {
  return recordSubject(tenant, record, result)?.event.hash;
}

describe('recordSubject', () => {
  it('is nothing while a transaction waits', () => {
    const pending = { id: transactionIdOf(record), type: 'transfer', command: undefined, createdAt: 1 };
    expect(recordSubject(tenant, record, { kind: 'pending', pending })).toBeUndefined();
  });

  it('tells each kind of record by its type and time, under one id', () => {
    const base = { id: transactionIdOf(record), type: 'transfer', postings: [], createdAt: 1_000 };
    const results: [KeyResult, string, number][] = [
      [transaction(), 'transaction.posted', 1_000],
      [
        { kind: 'transaction', transaction: { ...base, status: 'rejected', reason: 'account_frozen', evidence: {} } },
        'transaction.rejected',
        1_000,
      ],
      [
        { kind: 'transaction', transaction: { ...base, status: 'failed', failedAt: 9_000 } },
        'transaction.failed',
        9_000,
      ],
      [{ kind: 'batch', transactions: [transactionIdOf(other)], createdAt: 3_000 }, 'batch.posted', 3_000],
      [{ kind: 'hold', hold: hold() }, 'hold.created', 1_000],
      [{ kind: 'hold', hold: hold({ status: 'voided', updatedAt: 1_500 }) }, 'hold.voided', 1_500],
      [{ kind: 'hold', hold: hold({ status: 'expired', updatedAt: 2_500 }) }, 'hold.expired', 2_500],
    ];
    for (const [result, type, time] of results) {
      expect(recordSubject(tenant, record, result)?.event).toEqual({
        id: eventIdOf(record),
        type,
        time,
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
    }
    expect(new Set(results.map(([result]) => hashOf(result))).size).toBe(results.length);
  });

  it('takes a span of each balance, and one of each shard', () => {
    const places = spansOf(posted()).map(({ place, first, last }) => [place.account, place.shard, first, last]);
    expect(places).toEqual([
      ['alice', 0, 7, 8],
      ['bob', 3, 2, 2],
      ['fees', 0, 1, 1],
    ]);
  });

  it('comes behind the operation before on a hold, what it reverses, a batch’s transactions and what it reprocesses', () => {
    const behind = (result: KeyResult, reprocesses?: RecordId) =>
      recordSubject(tenant, record, result, reprocesses)?.precedence.records;
    expect(behind(transaction())).toEqual([]);
    expect(behind(transaction({ previousOperation: other }))).toEqual([other]);
    const [first, second] = ['a', 'b'].map((key) => recordIdOf(tenant, key)) as [RecordId, RecordId];
    const reversal = { reverses: transactionIdOf(first), previousReversal: transactionIdOf(second) };
    expect(behind(transaction(reversal))).toEqual([first, second]);
    expect(behind({ kind: 'hold', hold: hold({ previousOperation: other }) })).toEqual([other]);
    expect(behind({ kind: 'batch', transactions: [transactionIdOf(first)], createdAt: 1 })).toEqual([first]);
    expect(behind(transaction(), other)).toEqual([other]);
  });
});

describe('the hash of an event', () => {
  it('covers whatever cannot change', () => {
    const changes: Partial<PostedTransaction>[] = [
      { type: 'spend' },
      { createdAt: 1_001 },
      { postings: [] },
      { entries: [] },
      { feeVersion: 2 },
      { exchange: { sell: usd, buy: usd, rate: '1', rounding: 'half_even' } as never },
      { holdId: 'hold_y' as HoldId },
      { reverses: 'tx_y' as TransactionId },
      { previousReversal: 'tx_y' as TransactionId },
      { description: 'Dinner' },
      { metadata: { order: '8' } },
      { salt: 'other' },
    ];
    const hashes = [{}, ...changes].map((change) => hashOf(transaction(change)));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('is of the tenant, too', () => {
    const hash = (of: string) => recordSubject(of as TenantId, record, transaction())?.event.hash;
    expect(hash('default')).not.toBe(hash('other'));
  });

  it('stays true when details are redacted and their digest is kept', () => {
    const { event } = changeSubject(tenant, accountChange(tenant, account(), { number: 1, createdAt: 5, salt: 's' }));
    const shown = { ...changeContent(accountChange(tenant, account(), { number: 1, createdAt: 5, salt: 's' })) };
    for (const data of [shown, { ...shown, owner: 'alice@example.org', metadata: { tier: 'gold' } }]) {
      expect(hashedPart('account.created', data as EventContent)).toEqual(shown);
    }
    expect(event.type).toBe('account.created');
    expect(JSON.stringify(shown)).not.toContain('example.org');
  });

  it('takes no notice of what answers show besides', () => {
    const data = { ...holdContent(hold()), colour: 'red', description: 'Room' };
    expect(hashedPart('hold.created', data)).toEqual(holdContent(hold()));
    expect(hashedPart('transaction.posted', { entries: [{ account: 'a', note: 'x' }] })).toEqual({
      entries: [{ account: 'a' }],
    });
  });

  it('leaves the details of holds uncovered that were made before they had a salt', () => {
    const { salt: _, ...old } = hold();
    expect(holdContent(old)).not.toHaveProperty('detailsDigest');
    expect(holdContent(hold())).toHaveProperty('detailsDigest');
  });
});

function account(rest: Partial<Account> = {}): Account {
  return accountOf('alice', { owner: 'alice@example.org', metadata: { tier: 'gold' }, ...rest });
}

describe('changeSubject', () => {
  it('comes behind the change before it of the same account, and of no other', () => {
    const change = (number: number, id = 'alice') =>
      accountChange(tenant, accountOf(id, { version: number }), { number, createdAt: 5, salt: 's' });
    expect(changeSubject(tenant, change(1)).precedence.change).toBeUndefined();
    expect(changeSubject(tenant, change(2)).precedence.change).toBe(change(1).id);
    expect(changeSubject(tenant, change(2)).event.type).toBe('account.updated');
    expect(change(1, 'bob').id).not.toBe(change(1).id);
  });
});

const anyEvent: fc.Arbitrary<JournalEvent> = fc.record({
  id: fc.stringMatching(/^evt_[a-z2-7]{52}$/).map((id) => id as JournalEvent['id']),
  type: fc.constantFrom(...eventTypes),
  time: fc.integer({ min: 0, max: 4e12 }),
  hash: fc.stringMatching(/^[0-9a-f]{64}$/),
});

describe('nextBlock', () => {
  it('chains blocks whose numbers and sequences have no gaps', () => {
    check(
      fc.property(
        fc.array(fc.array(anyEvent, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 6 }),
        (blocks) => {
          let head = emptyJournal;
          let sequence = 1;
          for (const [index, events] of blocks.entries()) {
            const block = nextBlock(tenant, head, events, 1_000 + index);
            expect(block).toMatchObject({
              number: index + 1,
              firstSequence: sequence,
              previousHash: head.hash,
              events,
            });
            expect(block.hash).toBe(blockHash(tenant, block));
            head = headAfter(block);
            sequence += events.length;
          }
          expect(head).toMatchObject({ number: blocks.length, nextSequence: sequence });
        },
      ),
    );
  });

  it('has a hash that tells any other block from it', () => {
    check(
      fc.property(fc.array(anyEvent, { minLength: 2, maxLength: 4 }), (events) => {
        const block = nextBlock(tenant, emptyJournal, events, 1_000);
        const others = [
          { ...block, number: 2 },
          { ...block, firstSequence: 2 },
          { ...block, previousHash: 'f'.repeat(64) },
          { ...block, createdAt: 1_001 },
          { ...block, events: events.slice(1) },
          {
            ...block,
            events: events.map((event, index) => (index === 1 ? { ...event, time: event.time + 1 } : event)),
          },
        ];
        for (const each of others) expect(blockHash(tenant, each)).not.toBe(block.hash);
        expect(blockHash('other' as TenantId, block)).not.toBe(block.hash);
      }),
    );
  });

  it('fits one write with the items of all its events', () => {
    expect(maxEventsPerBlock).toBe(99);
  });
});
