import { describe, expect, it } from '@jest/globals';
import type { DynamoDBRecord } from 'aws-lambda';
import fc from 'fast-check';
import type { AccountId, TenantId } from '../../lib/ledger/index.ts';
import { journalWakeUp, lineGroup, lineWakeUp, maxNamedInWakeUp } from '../../lib/sqs/index.ts';
import { wakeUpsOf } from '../../lib/sqs/stream-wake-ups.ts';
import { check } from '../support/property.ts';

let sequence = 0;

/** A stream record of an item with this key, numbered as they come. */
function change(PK: string, SK: string, eventName: DynamoDBRecord['eventName'] = 'INSERT'): DynamoDBRecord {
  return {
    eventID: `event-${sequence++}`,
    eventName: eventName ?? 'INSERT',
    dynamodb: { Keys: { PK: { S: PK }, SK: { S: SK } } },
  };
}

const place = (tenant: string, account: string, number = sequence) =>
  change(`T#${tenant}#L#${account}`, `P#${String(number).padStart(13, '0')}#tx_${number}`);
const record = (tenant: string, id: string) => change(`T#${tenant}#X#${id}`, 'RECORD');
const changed = (tenant: string, id: string) => change(`T#${tenant}#C#${id}`, 'CHANGE');

const group = (tenant: string, account: string) => lineGroup(tenant as TenantId, account as AccountId);

describe('wakeUpsOf', () => {
  it('wakes each line once, however many joined it', () => {
    const last = { alice: place('t', 'alice'), bob: place('t', 'system:bob') };
    const records = [place('t', 'alice'), place('t', 'system:bob'), last.bob, place('t', 'alice'), last.alice];
    expect(wakeUpsOf(records)).toEqual({
      lines: [
        { body: { tenant: 't', account: 'alice' }, group: group('t', 'alice'), deduplicationId: last.alice.eventID },
        {
          body: { tenant: 't', account: 'system:bob' },
          group: group('t', 'system:bob'),
          deduplicationId: last.bob.eventID,
        },
      ],
      journal: [],
      strangers: [],
    });
  });

  it('keeps tenants apart, also where account and tenant together read the same', () => {
    const { lines } = wakeUpsOf([place('a', 'b'), place('b', 'a'), place('ab', 'c'), place('a', 'bc')]);
    expect(new Set(lines.map((message) => message.group)).size).toBe(4);
  });

  it('names to the journal what is new of each tenant, once', () => {
    const records = [record('t', 'one'), changed('t', 'two'), record('u', 'one'), record('t', 'one')];
    expect(wakeUpsOf(records)).toEqual({
      lines: [],
      journal: [
        { body: { tenant: 't', items: ['T#t#X#one', 'T#t#C#two'] }, group: 't', deduplicationId: expect.any(String) },
        { body: { tenant: 'u', items: ['T#u#X#one'] }, group: 'u', deduplicationId: expect.any(String) },
      ],
      strangers: [],
    });
    // The same items changed once more are news, and the same news is no other.
    const first = wakeUpsOf(records).journal[0]?.deduplicationId;
    expect(wakeUpsOf(records).journal[0]?.deduplicationId).toBe(first);
    expect(wakeUpsOf([...records, record('t', 'one')]).journal[0]?.deduplicationId).not.toBe(first);
  });

  it.each([
    ['nothing', []],
    ['an entry', [change('T#t#A#alice', 'E#USD/2#1#1')]],
    ['a balance', [change('T#t#A#alice', 'B#USD/2')]],
    ['a block', [change('T#t#J', 'BLOCK#000000000001')]],
    ['a place of another partition', [change('T#t#X#alice', 'P#1#tx_1')]],
    ['an item of no tenant', [change('AUDIT', 'RECORD')]],
    ['a record without keys', [{ eventID: 'e' }]],
  ] as [string, DynamoDBRecord[]][])('wakes nobody for %s', (_, records) => {
    const { lines, journal, strangers } = wakeUpsOf(records);
    expect([lines, journal, strangers.length]).toEqual([[], [], records.length]);
  });

  it('splits what is too long for one message, and gives each part an id of its own', () => {
    const records = Array.from({ length: 2 * maxNamedInWakeUp + 1 }, (_, i) =>
      record('tenant', `${i}`.padStart(52, 'x')),
    );
    const { journal } = wakeUpsOf(records);
    const bodies = journal.map(({ body }) => journalWakeUp.parse(body));
    expect(bodies.map(({ items }) => items.length)).toEqual([maxNamedInWakeUp, maxNamedInWakeUp, 1]);
    expect(new Set(bodies.flatMap(({ items }) => items)).size).toBe(records.length);
    expect(new Set(journal.map(({ deduplicationId }) => deduplicationId)).size).toBe(3);
    // What SQS takes: a message of 256 KiB, and 128 characters of a deduplication id.
    for (const { body, deduplicationId } of journal) {
      expect(JSON.stringify(body).length).toBeLessThan(256 * 1_024);
      expect(deduplicationId?.length).toBeLessThanOrEqual(128);
    }
  });

  it('makes the same of the same records, and wakes the same of them in any order and any number', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const any = fc.oneof(
      fc.tuple(name, name).map(([tenant, account]) => place(tenant, account)),
      fc.tuple(name, name).map(([tenant, id]) => record(tenant, id)),
      fc.tuple(name, name).map(([tenant, id]) => changed(tenant, id)),
    );
    const batches = fc.array(any, { minLength: 1, maxLength: 30 }).chain((records) =>
      fc.record({
        records: fc.constant(records),
        shuffled: fc.shuffledSubarray([...records, ...records], { minLength: 2 * records.length }),
      }),
    );
    const woken = (records: readonly DynamoDBRecord[]) => {
      const { lines, journal, strangers } = wakeUpsOf(records);
      const named = journal.flatMap(({ body }) => {
        const { tenant, items } = journalWakeUp.parse(body);
        return items.map((item) => `${tenant} ${item}`);
      });
      return {
        lines: lines.map(({ body }) => Object.values(lineWakeUp.parse(body)).join(' ')).sort(),
        named: named.sort(),
        strangers,
      };
    };
    check(
      fc.property(batches, ({ records, shuffled }) => {
        expect(wakeUpsOf(records)).toEqual(wakeUpsOf(records));
        const once = woken(records);
        expect(woken(shuffled)).toEqual(once);
        expect(new Set(once.lines).size).toBe(once.lines.length);
        expect(new Set(once.named).size).toBe(once.named.length);
        // Every message has an id that no other message of the batch has, or the queue would drop one.
        const { lines, journal } = wakeUpsOf(shuffled);
        for (const messages of [lines, journal]) {
          const ids = messages.map((message) => `${message.group} ${message.deduplicationId}`);
          expect(new Set(ids).size).toBe(ids.length);
        }
      }),
    );
  });

  it('wakes all of a batch again where it comes again in halves, whatever of the first try was sent', () => {
    const records = [
      place('t', 'a'),
      place('t', 'b'),
      ...Array.from({ length: maxNamedInWakeUp + 100 }, (_, i) => record('t', String(i))),
    ];
    const whole = wakeUpsOf(records);
    const halves = [wakeUpsOf(records.slice(0, 301)), wakeUpsOf(records.slice(301))];
    const named = new Set(records.slice(2).map(({ dynamodb }) => dynamodb?.Keys?.PK?.S));
    for (const sentAtFirst of [[], whole.journal.slice(0, 1), whole.journal.slice(1), whole.journal]) {
      // A queue takes the first message with an id and drops the others.
      const taken = new Map(
        [...sentAtFirst, ...halves.flatMap(({ journal }) => journal)]
          .reverse()
          .map((each) => [each.deduplicationId, each]),
      );
      const seen = [...taken.values()].flatMap(({ body }) => journalWakeUp.parse(body).items);
      expect(new Set(seen)).toEqual(named);
    }
    expect(halves.flatMap(({ lines }) => lines).map(({ body }) => body)).toEqual(whole.lines.map(({ body }) => body));
  });
});
