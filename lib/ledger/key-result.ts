import type { Hold } from './hold.ts';
import type { Transaction, TransactionId } from './transaction.ts';

/**
 * What an idempotency key did, for ever: a transaction, posted or rejected; something to a hold, with the hold as that
 * left it; or several transactions at once, each with a record of its own, at one time in milliseconds since 1970.
 */
export type KeyResult =
  | { readonly kind: 'transaction'; readonly transaction: Transaction }
  | { readonly kind: 'hold'; readonly hold: Hold }
  | { readonly kind: 'batch'; readonly transactions: readonly TransactionId[]; readonly createdAt: number };
