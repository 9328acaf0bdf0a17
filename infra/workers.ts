import { auditPrefix, ledgerTable, type SparseIndex } from '../lib/config/ledger-table.ts';
import type { LedgerAction } from './ledger-access.ts';

/** What the function of a worker may touch, and when it works. */
export interface WorkerNeeds {
  readonly description: string;
  readonly everyMinutes: number;
  /** A run ends by itself well before. */
  readonly timeoutSeconds: number;
  readonly ledgerActions: readonly LedgerAction[];
  /** Indexes that it reads from end to end. */
  readonly scannedIndexes: readonly SparseIndex[];
  /** Indexes that it asks. */
  readonly queriedIndexes: readonly SparseIndex[];
  /** Where in the ledger table it may put items, if it may at all: below this prefix of the partition key. */
  readonly putsBelow?: string;
  /** Whether it asks for the feature flags. */
  readonly obeysFlags: boolean;
}

/** Every worker: a function that no request calls, in a file of its name in `functions/workers`. */
export const workers = {
  'audit-ledger': {
    description: 'Verifies the ledger while it is written to, a slice at a time',
    everyMinutes: 5,
    timeoutSeconds: 60,
    ledgerActions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:Scan'],
    scannedIndexes: [ledgerTable.indexes.accountsByTenant],
    queriedIndexes: [],
    putsBelow: auditPrefix,
    obeysFlags: true,
  },
  'release-expired-holds': {
    description: 'Releases the holds whose time is over',
    everyMinutes: 1,
    timeoutSeconds: 50,
    ledgerActions: ['dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
    scannedIndexes: [],
    queriedIndexes: [ledgerTable.indexes.due],
    obeysFlags: true,
  },
} as const satisfies Readonly<Record<string, WorkerNeeds>>;

export type Worker = keyof typeof workers;
