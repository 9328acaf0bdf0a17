import type { ScanCommandInput } from '@aws-sdk/lib-dynamodb';
import { systemClock } from '../../lib/dynamodb/index.ts';
import { changeSortKey, recordSortKey } from '../../lib/dynamodb/items/keys.ts';
import { JournalAppender } from '../../lib/dynamodb/journal/journal-appender.ts';
import { createLedgerClient } from '../../lib/dynamodb/table/client.ts';
import { ClockSkew } from '../../lib/dynamodb/table/clock-skew.ts';
import { Reader } from '../../lib/dynamodb/table/reader.ts';
import type { TenantId } from '../../lib/ledger/index.ts';
import { type RepairOptions, tokenOf } from './options.ts';

/** How long one call of the appender may take: it says where it has got to after each block anyway. */
const appendTimeMs = 30_000;

/** What a repair came to. */
export interface Repair {
  /** Items found in no journal. */
  missing: number;
  /** Events appended: the missing ones, and any that came before them. */
  appended: number;
  /** Whose they are. */
  readonly tenants: ReadonlySet<TenantId>;
}

export interface RepairSurroundings {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly say: (line: string) => void;
  readonly wakePublication?: (tenant: TenantId) => Promise<void>;
  /** Another endpoint than the SDK's own variables name. */
  readonly endpoint?: string;
}

/**
 * Looks at every item of the table once, a page in memory at a time, and has each tenant's appender take up what is missing.
 *
 * @throws LedgerError `unavailable`, `contention`; InvariantViolation for damage
 */
export async function repairJournals(
  { table, olderThanMs, resume, isDryRun }: RepairOptions,
  { now, say, wakePublication, endpoint }: RepairSurroundings,
): Promise<Repair> {
  const client = createLedgerClient(new ClockSkew(), endpoint);
  const reader = new Reader(client, table, systemClock);
  const appender = new JournalAppender({ client, table, clock: systemClock });
  const tenants = new Set<TenantId>();
  const repair = { missing: 0, appended: 0, tenants };
  let start: Record<string, unknown> | undefined = resume;
  try {
    do {
      const page = await reader.scan(missingItems(now - olderThanMs, start));
      const missing = page.rows.map(({ PK }) => String(PK));
      repair.missing += missing.length;
      for (const [tenant, partitions] of Map.groupBy(missing, tenantOf)) {
        tenants.add(tenant);
        if (isDryRun) continue;
        repair.appended += await appendAll(appender, tenant, partitions);
        await wakePublication?.(tenant);
      }
      start = page.lastKey;
      const place = start ? `; to go on from here: --resume ${tokenOf(start)}` : '';
      if (missing.length > 0 || !start) say(`${repair.missing} missing so far, ${repair.appended} appended${place}`);
    } while (start);
  } finally {
    client.destroy();
  }
  return repair;
}

async function appendAll(appender: JournalAppender, tenant: TenantId, partitions: readonly string[]): Promise<number> {
  let appended = 0;
  for (;;) {
    const { events, isComplete } = await appender.append(tenant, partitions, appendTimeMs);
    appended += events;
    if (isComplete) return appended;
  }
}

/** Items that belong into a journal, are in no block and are older than this. */
function missingItems(before: number, start: Record<string, unknown> | undefined): Omit<ScanCommandInput, 'TableName'> {
  return {
    FilterExpression:
      'SK IN (:record, :change) AND attribute_not_exists(#block) AND createdAt <= :before AND (attribute_not_exists(#status) OR #status <> :pending)',
    ProjectionExpression: 'PK, SK',
    ExpressionAttributeNames: { '#block': 'block', '#status': 'status' },
    ExpressionAttributeValues: {
      ':record': recordSortKey,
      ':change': changeSortKey,
      ':before': before,
      ':pending': 'pending',
    },
    ...(start && { ExclusiveStartKey: start }),
  };
}

function tenantOf(partition: string): TenantId {
  return partition.split('#')[1] as TenantId;
}
