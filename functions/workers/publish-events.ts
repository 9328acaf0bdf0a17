import { randomUUID } from 'node:crypto';
import { readEnvironment } from '../../lib/config/environment.ts';
import { flagsOfEnvironment } from '../../lib/config/flags-parameter.ts';
import { systemClock } from '../../lib/dynamodb/index.ts';
import { EventTopic } from '../../lib/events/event-topic.ts';
import { Journal } from '../../lib/events/index.ts';
import { Publisher } from '../../lib/events/publisher.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { StoredFailureNotes } from '../../lib/platform/failure-notes.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { PublicationCursors } from '../../lib/platform/publication-cursor.ts';
import { publicationWakeUp, QueueSender, serveQueue, tenantGroup } from '../../lib/sqs/index.ts';

const environment = readEnvironment(['LEDGER_TABLE', 'PLATFORM_TABLE', 'PUBLICATION_QUEUE_URL', 'EVENTS_TOPIC_ARN']);
const instruments = createInstruments();
const platform = openPlatformTable({ table: environment.PLATFORM_TABLE });
const publications = new QueueSender({ queueUrl: environment.PUBLICATION_QUEUE_URL });
const publisher = new Publisher({
  journal: new Journal({ table: environment.LEDGER_TABLE }),
  cursors: new PublicationCursors(platform, 'publication'),
  topic: new EventTopic({ topicArn: environment.EVENTS_TOPIC_ARN }),
  clock: systemClock,
});

/**
 * Publishes the blocks of journals to the topic of events. A message names a tenant; which blocks are next, its cursor
 * says, so that it does not matter how often or how late messages come.
 */
export const handler = serveQueue({
  name: 'publication',
  message: publicationWakeUp,
  instruments,
  flags: flagsOfEnvironment(instruments.logger),
  notes: new StoredFailureNotes(platform),
  async handle([first], work) {
    if (!first) return;
    // A group is one tenant, and one look at its journal serves all messages that came before the look.
    const { tenant } = first.body;
    const { events, longestLagMs, isComplete } = await publisher.run(tenant, work.remainingTimeInMillis());
    work.measure({ eventsPublished: events, publicationLag: longestLagMs });
    if (isComplete) return;
    // Time is up. Before this message is done with, another one goes on.
    await publications.send([
      { body: { tenant }, group: tenantGroup(tenant), deduplicationId: randomUUID(), cause: first.cause },
    ]);
  },
});
