import type { AccountId, AssetCode, HoldId, TransactionId } from '../ledger/index.ts';
import type { CountedOutcome, CountedType } from '../observability/index.ts';
import type { ProblemCode } from './problem.ts';

/**
 * What may be added to a request's line in the log: ids, codes and counts. What clients write into descriptions,
 * metadata, owners, keys and headers has no field here, and so does not compile.
 */
export interface LogFields {
  readonly transactionId?: TransactionId;
  readonly holdId?: HoldId;
  readonly accounts?: readonly AccountId[];
  readonly asset?: AssetCode;
  /** Transactions of a batch. */
  readonly members?: number;
  /** It was accepted to be executed later, by this very request. */
  readonly accepted?: true;
  readonly dryRun?: true;
  readonly replayed?: boolean;
  readonly code?: ProblemCode;
  /** Which feature flag forbade it. */
  readonly forbiddenBy?: string;
  /** Of a transaction settled by this very request, with its outcome. */
  readonly type?: CountedType;
  readonly outcome?: CountedOutcome;
  readonly commitAttempts?: number;
}
