import type { Cause } from '../dynamodb/index.ts';
import type { Delivery } from '../platform/delivery.ts';
import type { DeliveryWakeUp, OutgoingMessage } from '../sqs/index.ts';

/** The message that a delivery may be due, hidden for some seconds if it is to be later. */
export function wakeUpFor(
  { tenant, webhook: webhookId, id: deliveryId }: Pick<Delivery, 'tenant' | 'webhook' | 'id'>,
  cause: Cause = {},
  delaySeconds = 0,
): OutgoingMessage {
  const body: DeliveryWakeUp = { tenant, webhookId, deliveryId };
  return { body, cause, ...(delaySeconds > 0 && { delaySeconds }) };
}
