import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantId } from '../../lib/ledger/index.ts';
import {
  type DeadLetter,
  type DeadLetterSource,
  deadLetterKinds,
  deadLetterSources,
  deadLetterStatuses,
} from '../../lib/platform/dead-letter.ts';
import { type DeadLetterId, deadLetterIdOf } from '../../lib/platform/dead-letter-id.ts';
import { deadLetterRowOf } from '../../lib/platform/dead-letter-item.ts';
import { type DeadLetterQuery, listDeadLetters } from '../../lib/platform/dead-letter-list.ts';
import { tenant } from '../support/ledger-fixture.ts';
import { type PlatformFixture, sentAt, startPlatform } from './platform-fixture.ts';

const sources = Object.keys(deadLetterSources) as DeadLetterSource[];
const other = 'other' as TenantId;
const batchSize = 25;

const resolution = { by: 'operator', at: sentAt, keyApplied: { mark: 'key', requestHash: '' } };

/** Letters of two tenants and of nobody, mixed in time, of every kind, source and status. */
const letters: DeadLetter[] = Array.from({ length: 1_600 }, (_, index) => ({
  id: deadLetterIdOf(sentAt + Math.floor(index / 2), { index }),
  tenant: [tenant, undefined, tenant, other][index % 4],
  kind: deadLetterKinds[Math.floor(index / 4) % 2] ?? 'message',
  source: sources[Math.floor(index / 4) % sources.length] ?? 'lines',
  // So few are discarded that a page of them takes several reads.
  status: index % 500 === 2 ? 'discarded' : (deadLetterStatuses[index % 3 === 0 ? 1 : 0] ?? 'open'),
  attempts: 5,
  firstFailureAt: sentAt,
  lastFailureAt: sentAt,
  cause: {},
  ...(index % 6 === 0 && { resolution }),
}));

let platform: PlatformFixture;
beforeAll(async () => {
  platform = await startPlatform();
  const puts = letters.map((letter) => ({ PutRequest: { Item: deadLetterRowOf(letter) } }));
  for (let from = 0; from < puts.length; from += batchSize) {
    await platform.database.documents.send(
      new BatchWriteCommand({ RequestItems: { [platform.table.name]: puts.slice(from, from + batchSize) } }),
    );
  }
});
afterAll(() => platform.stop());

/** All pages, one after the other. */
async function all(query: Omit<DeadLetterQuery, 'after'>): Promise<{ ids: string[]; pages: number[] }> {
  const ids: string[] = [];
  const pages: number[] = [];
  let after: DeadLetterId | undefined;
  do {
    const page = await listDeadLetters(platform.table, { ...query, after });
    ids.push(...page.letters.map(({ id }) => id));
    pages.push(page.letters.length);
    after = page.next;
  } while (after !== undefined);
  return { ids, pages };
}

function expected(matches: (letter: DeadLetter) => boolean): string[] {
  return letters
    .filter(matches)
    .map(({ id }) => id as string)
    .toSorted();
}

describe('listDeadLetters', () => {
  it.each([1, 7, 100])('lists a tenant’s letters, each once, in pages of %i', async (limit) => {
    const query = { tenants: [tenant], filter: {}, limit };
    const own = expected((letter) => letter.tenant === tenant).slice(-3 * limit);
    const newest = await listDeadLetters(platform.table, { ...query, order: 'newest first' });
    expect(newest.letters.map(({ id }) => id)).toEqual(own.toReversed().slice(0, limit));
    if (limit > 1) {
      const { ids, pages } = await all({ ...query, order: 'oldest first' });
      expect(ids).toEqual(expected((letter) => letter.tenant === tenant));
      expect(new Set(pages.slice(0, -1))).toEqual(new Set([limit]));
    }
  });

  it.each(['newest first', 'oldest first'] as const)('merges several partitions by time, %s', async (order) => {
    const { ids } = await all({ tenants: [tenant, undefined], filter: {}, limit: 33, order });
    const wanted = expected((letter) => letter.tenant !== other);
    expect(ids).toEqual(order === 'oldest first' ? wanted : wanted.toReversed());
  });

  it.each([
    { status: 'open' },
    { status: 'discarded' },
    { kind: 'transaction' },
    { source: 'deliveries' },
    { source: 'ledger_stream', status: 'reprocessed', kind: 'message' },
  ] as const)('finds those that match %j, and no others', async (filter) => {
    const matches = (letter: DeadLetter) =>
      letter.tenant !== other &&
      Object.entries(filter).every(([name, value]) => letter[name as keyof DeadLetter] === value);
    const { ids } = await all({ tenants: [tenant, undefined], filter, limit: 60, order: 'newest first' });
    expect(ids).toEqual(expected(matches).toReversed());
  });

  it('finds those that a key resolved beside those of a status', async () => {
    const query = { tenants: [tenant], filter: { status: 'open' }, limit: 60, order: 'oldest first' } as const;
    const { ids } = await all({ ...query, orResolvedUnder: 'key' });
    const wanted = expected(
      ({ tenant: of, status, resolution }) => of === tenant && (status === 'open' || resolution !== undefined),
    );
    expect(ids).toEqual(wanted);
    expect((await all({ ...query, orResolvedUnder: 'other key' })).ids.length).toBeLessThan(wanted.length);
  });

  it('looks at no more than so much for a page, and then says where to go on', async () => {
    const before = platform.proxy.log.length;
    const page = await listDeadLetters(platform.table, {
      tenants: [tenant],
      filter: { source: 'lines', status: 'discarded', kind: 'message' },
      limit: 3,
      order: 'oldest first',
      lookedAtPerRead: 4,
    });
    expect(page).toEqual({ letters: [], next: letters.filter((letter) => letter.tenant === tenant)[19]?.id });
    expect(platform.proxy.log.length - before).toBe(5);
  });

  it('ends where there is nothing', async () => {
    const query = { filter: {}, limit: 5, order: 'newest first' } as const;
    expect(await listDeadLetters(platform.table, { ...query, tenants: ['empty' as TenantId] })).toEqual({
      letters: [],
    });
    expect(await listDeadLetters(platform.table, { ...query, tenants: [] })).toEqual({ letters: [] });
  });
});
