import { secretBytes } from './limits.ts';

/** A secret that signs what goes to an endpoint: `whsec_` and the base64 of its key. Source: Standard Webhooks, "Signature scheme". */
export interface WebhookSecret {
  readonly value: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Up to when it is signed with; without end for the newest. */
  readonly expiresAt?: number;
}

const secretPrefix = 'whsec_';

/** Makes a secret of 32 random bytes. */
export function newSecret(randomBytes: (size: number) => Uint8Array): string {
  return secretPrefix + Buffer.from(randomBytes(secretBytes)).toString('base64');
}

/** The bytes that sign. */
export function keyOfSecret(value: string): Buffer {
  return Buffer.from(value.slice(secretPrefix.length), 'base64');
}

/** The secrets to sign with at an instant, the newest first. */
export function validSecrets(secrets: readonly WebhookSecret[], now: number): readonly string[] {
  return secrets.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now).map(({ value }) => value);
}
