import type { Metadata, TenantId } from './account.ts';
import { digestOf } from './canonical-json.ts';
import type { CommandBase } from './command.ts';
import { normalDetails } from './details.ts';
import { LedgerError } from './errors.ts';
import { askedPostings } from './fee.ts';
import { recordIdOf, transactionIdOf } from './identifiers.ts';
import type { ReversalState, TransactionId } from './transaction.ts';

/** The type of every transaction that reverses another. */
export const reversalType = 'reversal';

/** What a caller asks: move back what a transaction moved, or a part of it, under this key. */
export interface ReverseTransactionRequest {
  readonly tenant: TenantId;
  /** The idempotency key, 1 to 255 visible characters. */
  readonly key: string;
  readonly reverses: TransactionId;
  /** Minor units, of a transaction with a single posting; whatever remains where it is absent. */
  readonly amount?: bigint | undefined;
  /** Whether accounts may be left below their floors. */
  readonly mayOverdraw?: boolean | undefined;
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

/** Move back what a transaction moved. What that is, the transaction's record says. */
export interface ReverseTransaction extends CommandBase {
  readonly kind: 'reversal';
  readonly reverses: TransactionId;
  readonly amount?: bigint;
  readonly mayOverdraw: boolean;
  readonly description?: string;
  readonly metadata?: Metadata;
}

/**
 * Normalises a request: absent and empty details are the same, and so are an overdraft that is not asked for and one
 * that is declined.
 *
 * @throws LedgerError `invalid_request` for an amount that is not positive
 */
export function reverseTransaction(request: ReverseTransactionRequest): ReverseTransaction {
  const { tenant, key, reverses, amount, mayOverdraw = false } = request;
  if (amount !== undefined && amount <= 0n) throw new LedgerError('invalid_request', 'an amount is positive');
  const { description, metadata } = normalDetails(request);
  const record = recordIdOf(tenant, key);
  return {
    kind: 'reversal',
    tenant,
    record,
    id: transactionIdOf(record),
    type: reversalType,
    reverses,
    ...(amount !== undefined && { amount }),
    mayOverdraw,
    ...(description !== undefined && { description }),
    ...(metadata !== undefined && { metadata }),
    requestHash: digestOf({
      v: 1,
      operation: 'createReversal',
      reverses,
      amount: amount?.toString() ?? null,
      mayOverdraw,
      description: description ?? null,
      metadata: metadata ?? null,
    }),
  };
}

/**
 * What remains to be reversed of the only posting of a transaction, its fees aside, in minor units; of a transaction with several
 * postings, of which all or nothing is reversed, 0 once that was done and null before.
 */
export function remainingOf({ transaction, reversedAmount, reversals }: ReversalState): bigint | null {
  const [posting, ...others] = askedPostings(transaction);
  if (posting && others.length === 0) return posting.amount - reversedAmount;
  return reversals > 0 ? 0n : null;
}
