import type { Hold } from './hold.ts';
import type { PendingTransaction } from './pending-transaction.ts';
import type { Redaction } from './redaction.ts';
import type { Transaction, TransactionId } from './transaction.ts';

/**
 * What an idempotency key did, for ever: a transaction, posted, rejected or failed; something to a hold, with the hold as that
 * left it; or several transactions at once, each with a record of its own, at one time in milliseconds since 1970. Or what it will do: a transaction
 * that waits in a line.
 */
export type KeyResult =
  | { readonly kind: 'transaction'; readonly transaction: Transaction }
  | { readonly kind: 'hold'; readonly hold: Hold }
  | {
      readonly kind: 'batch';
      readonly transactions: readonly TransactionId[];
      readonly createdAt: number;
      /** That what was written about its transactions was removed, of all of them at once. */
      readonly redacted?: Redaction;
      /** The digest of what they move, by which the request is recognised once the hash of the request is gone. */
      readonly movements?: string;
    }
  | { readonly kind: 'pending'; readonly pending: PendingTransaction };
