import { describe, expect, it } from '@jest/globals';
import type { ClaimedDelivery } from '../../lib/platform/delivery-changes.ts';
import type { Webhook } from '../../lib/platform/webhook.ts';
import { failureFields } from '../../lib/webhooks/failure-fields.ts';

describe('failureFields', () => {
  it('tells what failed, and nothing that is secret', () => {
    const webhook = {
      tenant: 'default',
      id: 'wh_1',
      url: 'https://example.com:8443/hooks/t0ken?key=t0ken',
      secrets: [{ value: 'whsec_t0ken', createdAt: 1 }],
    } as unknown as Webhook;
    const delivery = {
      id: 'dlv_1',
      eventId: 'evt_1',
      attempt: 3,
      body: '{"description":"t0ken"}',
      cause: { correlationId: 'cause' },
    } as unknown as ClaimedDelivery;
    const attempt = { at: 1, status: 410, latencyMs: 12, error: 'gone', excerpt: 't0ken' };
    const fields = failureFields({
      webhook,
      delivery,
      verdict: { attempt, course: { status: 'failed', failure: 'exhausted' }, disable: 'gone' },
    });
    expect(fields).toEqual({
      tenant: 'default',
      webhookId: 'wh_1',
      deliveryId: 'dlv_1',
      eventId: 'evt_1',
      attempt: 3,
      error: 'gone',
      status: 410,
      latencyMs: 12,
      host: 'example.com:8443',
      course: 'failed',
      disabled: 'gone',
      correlationId: 'cause',
    });
    expect(JSON.stringify(fields)).not.toContain('t0ken');
  });
});
