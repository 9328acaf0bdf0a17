import type { LineWriter } from '../observability/index.ts';
import { DeliveryStore } from '../platform/delivery-store.ts';
import type { PlatformTable } from '../platform/platform-table.ts';
import { WebhookStore } from '../platform/webhook-store.ts';
import type { SecretBox } from '../secrets/index.ts';
import type { QueueSender } from '../sqs/index.ts';
import { Attempts } from './attempts.ts';
import type { DeliverableEvents } from './deliverable-events.ts';
import { Deliverer } from './deliverer.ts';
import { Disabling } from './disabling.ts';
import type { GuardedPost } from './guarded-post.ts';
import { OrderedLines } from './ordered-line.ts';

export interface DeliveryWorksOptions {
  readonly platform: PlatformTable;
  readonly ledgerTable: string;
  readonly events: DeliverableEvents;
  readonly secrets: SecretBox;
  readonly post: Pick<GuardedPost, 'send'>;
  readonly queue: Pick<QueueSender, 'send'>;
  readonly logger: LineWriter;
  readonly random?: () => number;
}

/** Puts together what delivers. */
export function createDeliverer(options: DeliveryWorksOptions): Deliverer {
  const { platform, ledgerTable, events, secrets, post, queue, logger, random = Math.random } = options;
  const { client, clock } = platform;
  const webhooks = new WebhookStore(platform);
  const deliveries = new DeliveryStore(platform);
  const disabling = new Disabling({ client, ledgerTable, webhooks, clock });
  const attempts = new Attempts({ webhooks, deliveries, disabling, secrets, post, queue, clock, logger, random });
  const lines = new OrderedLines({ webhooks, deliveries, events, attempts, clock });
  return new Deliverer({ webhooks, deliveries, attempts, lines, clock });
}
