import { createHmac } from 'node:crypto';
import { keyOfSecret } from './secret.ts';

/** What is signed, and thereby what a receiver can trust. */
export interface SignedMessage {
  /** The same for every attempt: receivers know duplicates by it. */
  readonly id: string;
  /** When this attempt is made, in seconds since 1970: receivers refuse what is too old, so that nothing can be replayed by others. */
  readonly timestampSeconds: number;
  readonly body: string;
}

/**
 * The headers by which a receiver verifies a message: one signature for each secret, so that a receiver verifies with whichever
 * it has while secrets are exchanged. Source: Standard Webhooks 1.0, "Webhook headers" and "Signature scheme" (HMAC-SHA256, `v1`).
 */
export function signatureHeaders(
  { id, timestampSeconds, body }: SignedMessage,
  secrets: readonly string[],
): Readonly<Record<string, string>> {
  const signed = `${id}.${timestampSeconds}.${body}`;
  const signatures = secrets.map((secret) => {
    return `v1,${createHmac('sha256', keyOfSecret(secret)).update(signed).digest('base64')}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': signatures.join(' '),
  };
}
