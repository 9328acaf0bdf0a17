import { LedgerError } from '../../ledger/index.ts';
import type { AppliedKey } from './items.ts';

/** Idempotency keys that an item remembers having had applied to it: enough for a retry after a crash, few enough to stay small. */
const keysRemembered = 8;

/** Stands for the hash of a request that was forgotten, since what was asked for was redacted and could be guessed against its hash. */
export const forgottenHash = 'redacted';

/** The key that made the item is kept for good, and of the others the latest. */
export function rememberKey(
  [creation, ...others]: readonly AppliedKey[],
  applied: AppliedKey,
  remembered = keysRemembered,
): AppliedKey[] {
  const latest = [...others, applied].slice(1 - remembered);
  return creation ? [creation, ...latest] : latest;
}

/**
 * What the key did, among what keys did. A request whose hash was forgotten is taken to be the same.
 *
 * @throws LedgerError `idempotency_key_reused` when the key did it for another request
 */
export function findApplied<T extends AppliedKey>(applied: readonly T[], key: AppliedKey): T | undefined {
  const found = applied.find(({ mark }) => mark === key.mark);
  if (found && found.requestHash !== forgottenHash && found.requestHash !== key.requestHash) {
    throw new LedgerError('idempotency_key_reused', 'the key was used for another request');
  }
  return found;
}

/** @throws LedgerError `idempotency_key_reused` when the key was applied for another request */
export function wasKeyApplied(keysApplied: readonly AppliedKey[], key: AppliedKey): boolean {
  return findApplied(keysApplied, key) !== undefined;
}
