/** The ledger on DynamoDB. */
export type { AccountPage, CreateAccount, UpdateAccount } from './account-store.ts';
export type { CreateAsset } from './asset-store.ts';
export type { BalanceAt } from './balance-reader.ts';
export type { BatchOutcome, BatchPreview, BatchResult } from './batch-outcome.ts';
export type { Cause } from './cause.ts';
export type { CommitOutcome, CommitResult, Refused, TransactionOutcome, TransactionResult } from './commit-outcome.ts';
export type { EntryPage, EntryPageRequest, EntryPosition, PageEnd } from './entry-reader.ts';
export type { DeadLetterPlace, FailedHead } from './failed-heads.ts';
export type { SweepRun } from './hold-sweep.ts';
export type { AppliedKey } from './items.ts';
export { Ledger, type LedgerOptions, type PreviewOutcome, type ReprocessResult } from './ledger.ts';
export type { DrainRun, SettledInLine } from './line-drain.ts';
export type { LineSweepRun, OverdueLine } from './line-sweep.ts';
export type { AcceptResult, WakeLine } from './lines.ts';
export { type Clock, systemClock } from './patience.ts';
export type { KeyRecord } from './record-item.ts';
export type { RedactionRequest, RedactionStore } from './redaction-store.ts';
