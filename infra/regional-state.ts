import type { FlagsParameter } from './flags-parameter.ts';
import type { IdempotencyTable } from './idempotency-table.ts';
import type { KeyAccess } from './key-access.ts';
import type { TableAccess } from './table-access.ts';

/** What the functions of one Region work on, and what outlives them. */
export interface RegionalState {
  readonly ledger: TableAccess;
  /** The stream of this Region's table, be it the first or a replica: each tells what was written to it, and what was replicated to it. */
  readonly ledgerStreamArn: string;
  readonly platform: TableAccess;
  readonly idempotency: IdempotencyTable;
  readonly flags: FlagsParameter;
  /** What seals secrets. What one Region sealed, the other opens. */
  readonly secretsKey: KeyAccess;
}
