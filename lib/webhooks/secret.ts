import { secretBytes } from './limits.ts';

/** From when and up to when a secret signs. */
export interface SecretTimes {
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Up to when it is signed with; without end for the newest. */
  readonly expiresAt?: number;
}

/** A secret as a `SecretBox` has sealed it. */
export interface SealedSecret extends SecretTimes {
  readonly sealed: string;
}

/** A secret that was stored before secrets were sealed; the next change of its endpoint seals it. */
export interface PlainSecret extends SecretTimes {
  readonly value: string;
}

/** A secret that signs what goes to an endpoint, as it is stored. */
export type WebhookSecret = SealedSecret | PlainSecret;

const secretPrefix = 'whsec_';

/** Makes a secret of 32 random bytes: `whsec_` and the base64 of its key. Source: Standard Webhooks, "Signature scheme". */
export function newSecret(randomBytes: (size: number) => Uint8Array): string {
  return secretPrefix + Buffer.from(randomBytes(secretBytes)).toString('base64');
}

/** The bytes that sign. */
export function keyOfSecret(value: string): Buffer {
  return Buffer.from(value.slice(secretPrefix.length), 'base64');
}

/** The secrets to sign with at an instant, the newest first. */
export function validSecrets<Secret extends SecretTimes>(secrets: readonly Secret[], now: number): readonly Secret[] {
  return secrets.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now);
}
