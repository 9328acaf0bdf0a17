import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  blockHash,
  canonicalJson,
  changeDetailsDigest,
  type EventType,
  eventHash,
  eventIdOf,
  eventTypes,
  hashedPart,
  recordIdOf,
  type TenantId,
} from '../../lib/ledger/index.ts';
import { readDocument, tableRows } from './documents.ts';

const tenant = 'default' as TenantId;
const page = readDocument('docs/reference/journal.md');
const examples = [...page.matchAll(/```json\n(.+)\n```\n\nSHA-256: `([0-9a-f]{64})`/g)].map(
  ([, text = '', hash = '']) => ({
    text,
    hash,
  }),
);

describe('the worked example of the journal', () => {
  it.each(examples)('shows a canonical text with its hash: $hash', ({ text, hash }) => {
    expect(canonicalJson(JSON.parse(text))).toBe(text);
    expect(createHash('sha256').update(text).digest('hex')).toBe(hash);
  });

  it('is what the ledger computes', () => {
    const [event, block, details] = examples.map(({ text }) => JSON.parse(text));
    const { id, type, time } = event;
    expect(id).toBe(eventIdOf(recordIdOf(tenant, 'lunch-7')));
    expect(hashedPart(type, event.data)).toEqual(event.data);
    const at = Date.parse(time);
    expect(eventHash(tenant, { id, type, time: at }, hashedPart(type, event.data))).toBe(examples[0]?.hash);
    const events = block.events.map((each: { time: string }) => ({ ...each, time: Date.parse(each.time) }));
    expect(events).toEqual([{ id, type, time: at, hash: examples[0]?.hash }]);
    const content = {
      number: Number(block.number),
      firstSequence: Number(block.firstSequence),
      previousHash: block.previousHash,
      createdAt: Date.parse(block.createdAt),
      events,
    };
    expect(blockHash(tenant, content)).toBe(examples[1]?.hash);
    const { salt, owner, metadata } = details;
    expect(changeDetailsDigest(salt, { owner, metadata })).toBe(examples[2]?.hash);
  });

  it('names every hashed member of every type, and no other', () => {
    // A name in brackets is a member of what stands before them.
    const listed = new Map(
      tableRows(page).flatMap(([types = '', members = '']) =>
        [...types.matchAll(/`([a-z]+\.[a-z]+)`/g)].map(([, type]) => {
          const own = members.replaceAll(/\([^)]*\)/g, '');
          return [type as EventType, [...own.matchAll(/`(\w+)`/g)].map(([, name]) => name as string)] as const;
        }),
      ),
    );
    const everything = Object.fromEntries([...listed.values()].flat().map((name) => [name, 'x']));
    for (const [type, members] of listed) {
      expect([type, Object.keys(hashedPart(type, everything)).sort()]).toEqual([type, [...members].sort()]);
    }
    const others = eventTypes.filter((type) => !listed.has(type));
    for (const type of others) {
      const part = hashedPart(type, { ...everything, description: 'x', metadata: {}, owner: 'x' });
      expect([type, Object.keys(part).sort()]).toEqual([type, Object.keys(everything).sort()]);
    }
    expect(others).toContain('account.created');
  });
});

describe('docs/reference/events.md', () => {
  it('names every type of event', () => {
    const text = readDocument('docs/reference/events.md');
    for (const type of eventTypes) expect(text).toContain(`\`${type}\``);
  });
});
