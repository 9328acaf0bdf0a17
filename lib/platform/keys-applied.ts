import type { AppliedKey } from '../dynamodb/index.ts';
import { LedgerError } from '../ledger/index.ts';

/** Idempotency keys that an item remembers having had applied to it: enough for a retry after a crash, few enough to stay small. */
const keysRemembered = 8;

/** The key that made the item is kept for good, and of the others the latest. */
export function rememberKey([creation, ...others]: readonly AppliedKey[], applied: AppliedKey): AppliedKey[] {
  const latest = [...others, applied].slice(1 - keysRemembered);
  return creation ? [creation, ...latest] : latest;
}

/** @throws LedgerError `idempotency_key_reused` when the key was applied for another request */
export function wasKeyApplied(keysApplied: readonly AppliedKey[], { mark, requestHash }: AppliedKey): boolean {
  const applied = keysApplied.find((key) => key.mark === mark);
  if (applied && applied.requestHash !== requestHash) {
    throw new LedgerError('idempotency_key_reused', 'the key was used for another request');
  }
  return applied !== undefined;
}
