/** The ledger on DynamoDB. */

export type { BatchOutcome, BatchPreview, BatchResult } from './commit/batch-outcome.ts';
export type {
  CommitOutcome,
  CommitResult,
  Refused,
  TransactionOutcome,
  TransactionResult,
} from './commit/commit-outcome.ts';
export type { SweepRun } from './commit/hold-sweep.ts';
export type { Cause } from './items/cause.ts';
export type { AppliedKey } from './items/items.ts';
export type { KeyRecord } from './items/record-item.ts';
export { Ledger, type LedgerOptions, type PreviewOutcome, type ReprocessResult } from './ledger.ts';
export type { DeadLetterPlace, FailedHead } from './lines/failed-heads.ts';
export type { DrainRun, SettledInLine } from './lines/line-drain.ts';
export type { LineSweepRun, OverdueLine } from './lines/line-sweep.ts';
export type { AcceptResult, WakeLine } from './lines/lines.ts';
export type { BalanceAt } from './readers/balance-reader.ts';
export type { EntryPage, EntryPageRequest, EntryPosition, PageEnd } from './readers/entry-reader.ts';
export type { AccountPage, CreateAccount, UpdateAccount } from './stores/account-store.ts';
export type { CreateAsset } from './stores/asset-store.ts';
export type { RedactionRequest, RedactionStore } from './stores/redaction-store.ts';
export { type Clock, systemClock } from './table/patience.ts';
