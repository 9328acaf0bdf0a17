import * as z from 'zod';
import { decodeCursor, encodeCursor } from '../../lib/http/cursor.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import { webhookOf } from '../../lib/http/webhook-representations.ts';
import type { WebhookStore } from '../../lib/platform/webhook-store.ts';

/** The one that the page before ended with: when it was made, and its id. */
const position = z.tuple([z.int().positive(), z.string()]);

export function listWebhooks(webhooks: WebhookStore): Operation<'listWebhooks'> {
  return async ({ query: { limit, cursor }, caller: { tenant } }) => {
    const binding = { operation: 'listWebhooks', tenant };
    const [time, name] = cursor === undefined ? [0, ''] : decodeCursor(cursor, binding, position);
    // They are few, so all of them are read.
    const behind = (await webhooks.all(tenant)).filter(
      ({ createdAt, id }) => createdAt > time || (createdAt === time && id > name),
    );
    const page = behind.slice(0, limit);
    const last = page.at(-1);
    const now = Date.now();
    return json(200, {
      data: page.map((webhook) => webhookOf(webhook, now)),
      ...(last && behind.length > limit && { nextCursor: encodeCursor(binding, [last.createdAt, last.id]) }),
    });
  };
}
