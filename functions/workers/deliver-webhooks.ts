import { readEnvironment } from '../../lib/config/environment.ts';
import { flagsOfEnvironment } from '../../lib/config/flags-parameter.ts';
import { Journal } from '../../lib/events/index.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { StoredFailureNotes } from '../../lib/platform/failure-notes.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { KmsSecretBox } from '../../lib/secrets/index.ts';
import { deliveryWakeUp, QueueSender, serveQueue } from '../../lib/sqs/index.ts';
import { journalEvents } from '../../lib/webhooks/deliverable-events.ts';
import { createDeliverer } from '../../lib/webhooks/delivery-works.ts';
import { failureFields } from '../../lib/webhooks/failure-fields.ts';
import { GuardedPost } from '../../lib/webhooks/guarded-post.ts';

const environment = readEnvironment([
  'LEDGER_TABLE',
  'PLATFORM_TABLE',
  'DELIVERIES_QUEUE_URL',
  'WEBHOOK_TARGETS',
  'SECRETS_KEY_ID',
]);
const instruments = createInstruments();
const platform = openPlatformTable({ table: environment.PLATFORM_TABLE });
const deliverer = createDeliverer({
  platform,
  ledgerTable: environment.LEDGER_TABLE,
  events: journalEvents(new Journal({ table: environment.LEDGER_TABLE }).feed),
  secrets: new KmsSecretBox({ keyId: environment.SECRETS_KEY_ID }),
  post: new GuardedPost({ rule: environment.WEBHOOK_TARGETS }),
  queue: new QueueSender({ queueUrl: environment.DELIVERIES_QUEUE_URL }),
  logger: instruments.logger,
});

/**
 * Makes the attempts that are due. What a receiver does wrong is an outcome, written on the delivery, and what cannot be signed now is put
 * off; a message fails only where the tables could not be used.
 */
export const handler = serveQueue({
  name: 'deliveries',
  message: deliveryWakeUp,
  instruments,
  flags: flagsOfEnvironment(instruments.logger),
  notes: new StoredFailureNotes(platform),
  async handle(messages, work) {
    for (const { body, cause } of messages) {
      await deliverer.look(body, cause, () => work.remainingTimeInMillis(), {
        made(attempt) {
          const { error, latencyMs } = attempt.verdict.attempt;
          work.measure({
            webhookAttempts: 1,
            webhookFailures: error === undefined ? 0 : 1,
            webhookLatency: latencyMs,
            ...(attempt.verdict.disable !== undefined && { webhooksDisabled: 1 }),
          });
          if (error !== undefined) instruments.logger.info('attempt to deliver failed', failureFields(attempt));
        },
        putOff({ webhook, delivery, error }) {
          work.measure({ deliveriesPutOff: 1 });
          const fields = { tenant: webhook.tenant, webhookId: webhook.id, deliveryId: delivery.id, error };
          instruments.logger.warn('a delivery is put off', fields);
        },
      });
    }
  },
});
