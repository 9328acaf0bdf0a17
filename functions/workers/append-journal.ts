import { randomUUID } from 'node:crypto';
import { readEnvironment } from '../../lib/config/environment.ts';
import { flagsOfEnvironment } from '../../lib/config/flags-parameter.ts';
import { openAppender } from '../../lib/dynamodb/journal/journal-appender.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { StoredFailureNotes } from '../../lib/platform/failure-notes.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { journalWakeUp, QueueSender, serveQueue, tenantGroup } from '../../lib/sqs/index.ts';

const environment = readEnvironment(['LEDGER_TABLE', 'PLATFORM_TABLE', 'JOURNAL_QUEUE_URL', 'PUBLICATION_QUEUE_URL']);
const instruments = createInstruments();
const appender = openAppender({ table: environment.LEDGER_TABLE });
const journals = new QueueSender({ queueUrl: environment.JOURNAL_QUEUE_URL });
const publications = new QueueSender({ queueUrl: environment.PUBLICATION_QUEUE_URL });

/**
 * Appends to tenants' journals. A message names items that may be in none yet; whether they are, and what must come
 * before them, the table says, so that it does not matter how often, in which order or how late messages come.
 */
export const handler = serveQueue({
  name: 'journal',
  message: journalWakeUp,
  instruments,
  flags: flagsOfEnvironment(instruments.logger),
  notes: new StoredFailureNotes(openPlatformTable({ table: environment.PLATFORM_TABLE })),
  async handle(messages, work) {
    const [first] = messages;
    if (!first) return;
    // A group is one tenant: what all its messages name is appended together.
    const { tenant } = first.body;
    const { cause } = first;
    const again = () => ({ group: tenantGroup(tenant), deduplicationId: randomUUID(), cause });
    const wakePublication = () => publications.send([{ body: { tenant }, ...again() }]);
    const items = [...new Set(messages.flatMap(({ body }) => body.items))];
    const appended = await appender.append(tenant, items, work.remainingTimeInMillis(), wakePublication);
    const { blocks, events, forgotten, longestLagMs, isComplete } = appended;
    work.measure({ eventsAppended: events, eventsForgotten: forgotten, journalLag: longestLagMs });
    // Whoever appended it may have died before he woke anybody.
    if (blocks === 0) await wakePublication();
    if (isComplete) return;
    // Time is up. Before these messages are done with, others go on.
    await journals.send(messages.map(({ body }) => ({ body, ...again() })));
  },
});
