import { randomBytes } from 'node:crypto';
import { type DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { Cause, Clock } from '../dynamodb/index.ts';
import { putChange } from '../dynamodb/items/change-record-item.ts';
import { insistently } from '../dynamodb/table/single-write.ts';
import { changeRecord, InvariantViolation, LedgerError } from '../ledger/index.ts';
import type { DisableReason, Webhook } from '../platform/webhook.ts';
import type { WebhookStore } from '../platform/webhook-store.ts';

const saltBytes = 16;

/** Attempts against others who change the endpoint at the same time. */
const maxAttempts = 4;

export interface DisablingOptions {
  /** Reaches both tables. */
  readonly client: DynamoDBDocumentClient;
  readonly ledgerTable: string;
  readonly webhooks: WebhookStore;
  readonly clock: Clock;
}

/** Switches endpoints off, each time together with the change record that becomes the event `webhook.disabled`. */
export class Disabling {
  readonly #options: DisablingOptions;

  constructor(options: DisablingOptions) {
    this.#options = options;
  }

  /**
   * Switches an endpoint off unless it is off already, or gone: there is one event, however many attempts find it failing.
   *
   * @returns whether this call did it
   * @throws LedgerError `contention`, `unavailable`, `outcome_unknown`
   */
  async disable(seen: Webhook, reason: DisableReason, cause: Cause): Promise<boolean> {
    const { client, webhooks, clock } = this.#options;
    let webhook: Webhook | undefined = seen;
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      if (webhook?.status !== 'enabled') return false;
      const actions = this.#actions(webhook, reason, cause);
      const { refusal, isInDoubt } = await insistently(clock, (requestTimeout) =>
        client.send(new TransactWriteCommand({ TransactItems: actions }), { requestTimeout }),
      );
      if (!refusal) return true;
      const before: Webhook = webhook;
      webhook = await webhooks.find(seen.tenant, seen.id);
      if (isInDoubt && webhook?.changesRecorded === before.changesRecorded + 1) return true;
      const [, record] = refusal.kind === 'cancelled' ? refusal.failures : [];
      if (record?.kind === 'condition' && webhook?.version === before.version) {
        throw new InvariantViolation(`change ${before.changesRecorded + 1} of webhook ${seen.id} is recorded already`);
      }
    }
    throw new LedgerError('contention', `webhook ${seen.id} is being changed by others`);
  }

  #actions(webhook: Webhook, reason: DisableReason, cause: Cause) {
    const { ledgerTable, webhooks, clock } = this.#options;
    const { tenant, id } = webhook;
    const disabledAt = clock.now();
    const change = changeRecord(tenant, {
      type: 'webhook.disabled',
      subject: `webhook/${id}`,
      number: webhook.changesRecorded + 1,
      createdAt: disabledAt,
      content: { id, status: 'disabled', disabledReason: reason, disabledAt: new Date(disabledAt).toISOString() },
      salt: randomBytes(saltBytes).toString('base64url'),
    });
    return [{ Update: webhooks.disabling(webhook, reason, disabledAt) }, putChange(ledgerTable, tenant, change, cause)];
  }
}
