import type { Cause } from '../dynamodb/index.ts';
import type { TenantId } from '../ledger/index.ts';
import type { DeliveryId, WebhookId } from './webhook-id.ts';

export const deliveryStatuses = ['pending', 'succeeded', 'failed'] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

/** Why a delivery failed for good. */
export const deliveryFailures = {
  exhausted: 'Its last attempt failed.',
  disabled: 'The endpoint was switched off before it was delivered.',
  deleted: 'The endpoint was deleted before it was delivered.',
} as const;
export type DeliveryFailure = keyof typeof deliveryFailures;

/** What became of one attempt. Times in milliseconds, instants since 1970. */
export interface DeliveryAttempt {
  /** Counts the attempts of the delivery from 1, over all replays. */
  readonly number: number;
  readonly at: number;
  /** Absent where there was no answer. */
  readonly status?: number;
  readonly latencyMs?: number;
  /** Why it counts as failed. */
  readonly error?: string;
  /** The beginning of the answer's body. */
  readonly excerpt?: string;
}

/** One event on its way to one endpoint. */
export interface Delivery {
  readonly tenant: TenantId;
  readonly webhook: WebhookId;
  readonly id: DeliveryId;
  readonly eventId: string;
  readonly eventType: string;
  /** What is sent: the event as it was published. */
  readonly body: string;
  readonly status: DeliveryStatus;
  readonly failure?: DeliveryFailure;
  /** When the next attempt may begin; while one is under way, when others may take it for dead. Present while pending. */
  readonly nextAttemptAt?: number;
  /** Who is at it. */
  readonly claim?: { readonly nonce: string; readonly at: number };
  /** Attempts begun, over all replays. */
  readonly attempt: number;
  /** Attempts begun in this schedule, and how many it has. */
  readonly tries: number;
  readonly maxTries: number;
  /** When this schedule began: when the delivery was made, or replayed last. */
  readonly scheduledAt: number;
  /** The latest attempts, oldest first. */
  readonly attempts: readonly DeliveryAttempt[];
  readonly cause: Cause;
  readonly createdAt: number;
}
