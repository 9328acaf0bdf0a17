import type { TenantId } from '../ledger/index.ts';
import type { WebhookSecret } from '../webhooks/secret.ts';
import type { WebhookId } from './webhook-id.ts';

export const webhookStatuses = ['enabled', 'disabled'] as const;
export type WebhookStatus = (typeof webhookStatuses)[number];

/** Why an endpoint is switched off. */
export const disableReasons = {
  by_request: 'A request switched it off.',
  gone: 'It answered 410, which says that it wants nothing any more.',
  failing: 'Nothing was delivered to it for days.',
} as const;
export type DisableReason = keyof typeof disableReasons;

/** An endpoint: where a tenant wants events to be sent. */
export interface Webhook {
  readonly tenant: TenantId;
  readonly id: WebhookId;
  readonly url: string;
  /** Names of types, or prefixes such as `transaction.*`; all types where empty. */
  readonly types: readonly string[];
  readonly description?: string;
  /** Whether it gets events one after the other, in the journal's order. Fixed when it is made. */
  readonly ordered: boolean;
  readonly status: WebhookStatus;
  readonly disabledReason?: DisableReason;
  /** Milliseconds since 1970, as all times here. */
  readonly disabledAt?: number;
  /** The newest first. */
  readonly secrets: readonly WebhookSecret[];
  /** The sequence of the last event that it does not get, being older than itself. */
  readonly startsAfter: number;
  /** Of an ordered endpoint: everything up to this event is delivered, or not wanted. */
  readonly deliveredThrough: number;
  /** Since when nothing has been delivered and something failed. */
  readonly failingSince?: number;
  /** How many of its changes are in the journal. */
  readonly changesRecorded: number;
  readonly createdAt: number;
  readonly version: number;
}
