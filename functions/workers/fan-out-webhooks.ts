import { readEnvironment } from '../../lib/config/environment.ts';
import { flagsOfEnvironment } from '../../lib/config/flags-parameter.ts';
import { systemClock } from '../../lib/dynamodb/index.ts';
import { eventEnvelope } from '../../lib/events/index.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { DeliveryStore } from '../../lib/platform/delivery-store.ts';
import { StoredFailureNotes } from '../../lib/platform/failure-notes.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { WebhookStore } from '../../lib/platform/webhook-store.ts';
import { QueueSender, serveQueue } from '../../lib/sqs/index.ts';
import { publishedEvent } from '../../lib/webhooks/deliverable-events.ts';
import { FanOut } from '../../lib/webhooks/fan-out.ts';

const environment = readEnvironment(['PLATFORM_TABLE', 'DELIVERIES_QUEUE_URL']);
const instruments = createInstruments();
const platform = openPlatformTable({ table: environment.PLATFORM_TABLE });
const fanOut = new FanOut({
  webhooks: new WebhookStore(platform),
  deliveries: new DeliveryStore(platform),
  queue: new QueueSender({ queueUrl: environment.DELIVERIES_QUEUE_URL }),
  clock: systemClock,
});

/** Makes deliveries of published events, one for each endpoint that wants it. An event that comes again makes no other. */
export const handler = serveQueue({
  name: 'webhook events',
  message: eventEnvelope,
  instruments,
  flags: flagsOfEnvironment(instruments.logger),
  notes: new StoredFailureNotes(platform),
  async handle(messages, work) {
    const [first] = messages;
    if (!first) return;
    // A group is one tenant, and its endpoints are read once for all its messages.
    const events = messages.map(({ body, record }) => publishedEvent(body, record.body));
    const made = await fanOut.distribute(first.body.tenant, events);
    work.measure({ deliveriesMade: made });
  },
});
