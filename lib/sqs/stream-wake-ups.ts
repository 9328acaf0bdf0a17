import { createHash } from 'node:crypto';
import type { DynamoDBRecord } from 'aws-lambda';
import { changeSortKey, placePrefix, recordSortKey } from '../dynamodb/items/keys.ts';
import type { AccountId, TenantId } from '../ledger/index.ts';
import { lineGroup, tenantGroup } from './groups.ts';
import type { OutgoingMessage } from './queue-sender.ts';
import { type JournalWakeUp, type LineWakeUp, maxNamedInWakeUp } from './wake-ups.ts';

/** What records of the ledger's stream are to wake. */
export interface StreamWakeUps {
  readonly lines: readonly OutgoingMessage[];
  readonly journal: readonly OutgoingMessage[];
  /** Keys of records that concern nobody here: the mapping's filters should have kept them away. */
  readonly strangers: readonly string[];
}

/**
 * Reads what stream records say: that something joined a line, or that something is there for the journal. One message
 * for each line, and one for each tenant with all that is new. A batch that comes again makes the same messages with the same
 * deduplication ids; a part of it never makes a message that its queue would drop for another one that says less.
 */
export function wakeUpsOf(records: readonly DynamoDBRecord[]): StreamWakeUps {
  const lines = new Map<string, OutgoingMessage>();
  const items = new Map<TenantId, { partitions: Set<string>; last: string }>();
  const strangers: string[] = [];
  for (const { eventID = '', dynamodb } of records) {
    const partition = dynamodb?.Keys?.PK?.S ?? '';
    const sortKey = dynamodb?.Keys?.SK?.S ?? '';
    const [mark, owner = '', of, account = ''] = partition.split('#');
    const tenant = owner as TenantId;
    if (mark === 'T' && of === 'L' && sortKey.startsWith(placePrefix)) {
      const body: LineWakeUp = { tenant, account: account as AccountId };
      const group = lineGroup(tenant, body.account);
      lines.set(group, { body, group, deduplicationId: eventID });
    } else if (mark === 'T' && (sortKey === recordSortKey || sortKey === changeSortKey)) {
      const known = items.get(tenant) ?? { partitions: new Set(), last: eventID };
      known.partitions.add(partition);
      items.set(tenant, { ...known, last: eventID });
    } else strangers.push(`${partition} ${sortKey}`);
  }
  const journal = [...items].flatMap(([tenant, { partitions, last }]) =>
    journalMessages(tenant, [...partitions], last),
  );
  return { lines: [...lines.values()], journal, strangers };
}

function journalMessages(tenant: TenantId, partitions: readonly string[], eventId: string): OutgoingMessage[] {
  const messages: OutgoingMessage[] = [];
  for (let from = 0; from < partitions.length; from += maxNamedInWakeUp) {
    const body: JournalWakeUp = { tenant, items: partitions.slice(from, from + maxNamedInWakeUp) };
    // A batch that failed comes again in halves: a message that names others than before must not be taken for it.
    const deduplicationId = createHash('sha256')
      .update([eventId, ...body.items].join('\n'))
      .digest('hex');
    messages.push({ body, group: tenantGroup(tenant), deduplicationId });
  }
  return messages;
}
