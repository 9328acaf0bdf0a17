import type { FlagsParameter } from './flags-parameter.ts';
import type { IdempotencyTable } from './idempotency-table.ts';
import type { LedgerAccess } from './ledger-access.ts';

/** What the functions of one Region work on, and what outlives them. */
export interface RegionalState {
  readonly ledger: LedgerAccess;
  readonly idempotency: IdempotencyTable;
  readonly flags: FlagsParameter;
}
