import type { Metadata } from './account.ts';
import { detailsDigest } from './entry.ts';
import { InvariantViolation } from './errors.ts';

/** What is left where personal data was removed: the texts are gone for good, and the salt that their digest was made with. */
export interface Redaction {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The digest that hashes cover, in place of what it was made of; absent of a hold made before holds had a salt. */
  readonly detailsDigest?: string;
}

/** Something with details that may be redacted, and before that has the salt of their digest. */
export interface Redactable {
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly salt?: string | undefined;
  readonly redacted?: Redaction | undefined;
}

/**
 * The digest that stands for the details in every hash: made of them, or kept since they were redacted. Undefined where there never
 * was a salt to make it with.
 */
export function digestOfDetails({ salt, description, metadata, redacted }: Redactable): string | undefined {
  if (redacted) return redacted.detailsDigest;
  return salt === undefined ? undefined : detailsDigest(salt, description, metadata);
}

/** As `digestOfDetails`, of what has always had a salt. @throws InvariantViolation where it has neither salt nor digest */
export function requiredDigest(redactable: Redactable): string {
  const digest = digestOfDetails(redactable);
  if (digest === undefined) throw new InvariantViolation('details have neither a salt nor the digest of a redaction');
  return digest;
}

/** What is to be kept of details that are redacted at a time, in milliseconds since 1970. */
export function redactionOf(redactable: Redactable, at: number): Redaction {
  const digest = digestOfDetails(redactable);
  return { at, ...(digest !== undefined && { detailsDigest: digest }) };
}
