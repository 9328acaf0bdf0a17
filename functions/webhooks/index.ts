import { randomBytes } from 'node:crypto';
import { AuditLog } from '../../lib/audit/index.ts';
import { accessOfEnvironment } from '../../lib/auth/index.ts';
import { readEnvironment } from '../../lib/config/environment.ts';
import { flagsOfEnvironment } from '../../lib/config/flags-parameter.ts';
import { systemClock as clock } from '../../lib/dynamodb/index.ts';
import { Journal } from '../../lib/events/index.ts';
import { serveArea } from '../../lib/http/index.ts';
import { webhookRoutes } from '../../lib/http/webhook-routes.ts';
import { createIdempotencyClient, createOnce } from '../../lib/idempotency/index.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { DeliveryStore } from '../../lib/platform/delivery-store.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { WebhookStore } from '../../lib/platform/webhook-store.ts';
import { KmsSecretBox } from '../../lib/secrets/index.ts';
import { QueueSender } from '../../lib/sqs/index.ts';
import { journalEvents } from '../../lib/webhooks/deliverable-events.ts';
import { Endpoints } from '../../lib/webhooks/endpoints.ts';
import { Replays } from '../../lib/webhooks/replays.ts';
import { createWebhook } from './create-webhook.ts';
import { deleteWebhook } from './delete-webhook.ts';
import { getDelivery } from './get-delivery.ts';
import { getWebhook } from './get-webhook.ts';
import { listDeliveries } from './list-deliveries.ts';
import { listWebhooks } from './list-webhooks.ts';
import { pingWebhook } from './ping-webhook.ts';
import { replayDelivery } from './replay-delivery.ts';
import { replayEvents } from './replay-events.ts';
import { rotateWebhookSecret } from './rotate-webhook-secret.ts';
import { updateWebhook } from './update-webhook.ts';

const environment = readEnvironment([
  'LEDGER_TABLE',
  'PLATFORM_TABLE',
  'IDEMPOTENCY_TABLE',
  'DELIVERIES_QUEUE_URL',
  'WEBHOOK_TARGETS',
  'SECRETS_KEY_ID',
]);
const instruments = createInstruments();
const { logger } = instruments;
const rule = environment.WEBHOOK_TARGETS;
const platform = openPlatformTable({ table: environment.PLATFORM_TABLE });
const webhooks = new WebhookStore(platform, new AuditLog(platform));
const deliveries = new DeliveryStore(platform);
const events = journalEvents(new Journal({ table: environment.LEDGER_TABLE }).feed);
const queue = new QueueSender({ queueUrl: environment.DELIVERIES_QUEUE_URL, timeoutMs: 1_000, maxAttempts: 2 });
const secrets = new KmsSecretBox({ keyId: environment.SECRETS_KEY_ID });
const endpoints = new Endpoints({ webhooks, events, secrets, queue, clock, randomBytes });
const replays = new Replays({ deliveries, events, queue, clock, logger });
const records = createIdempotencyClient();
const onceFor = (operation: string) => createOnce(operation, environment.IDEMPOTENCY_TABLE, records, logger);
// A webhook lasts, so that whoever was revoked a moment ago must not make one in the minute that other functions may not know of it.
const access = accessOfEnvironment(logger, { platform, keyMaxAgeMs: 0 });

export const handler = serveArea(
  webhookRoutes,
  {
    createWebhook: createWebhook(endpoints, rule, onceFor('createWebhook')),
    listWebhooks: listWebhooks(webhooks),
    getWebhook: getWebhook(webhooks),
    updateWebhook: updateWebhook(endpoints, rule, onceFor('updateWebhook')),
    deleteWebhook: deleteWebhook(webhooks, onceFor('deleteWebhook')),
    rotateWebhookSecret: rotateWebhookSecret(endpoints, onceFor('rotateWebhookSecret')),
    pingWebhook: pingWebhook(webhooks, replays, onceFor('pingWebhook')),
    listDeliveries: listDeliveries(webhooks, deliveries),
    getDelivery: getDelivery(deliveries),
    replayDelivery: replayDelivery(webhooks, replays, onceFor('replayDelivery')),
    replayEvents: replayEvents(webhooks, replays, onceFor('replayEvents')),
  },
  { access, instruments, flags: flagsOfEnvironment(logger) },
);
