import * as z from 'zod';
import {
  type Acceptance,
  type AccountId,
  debitWindows,
  digestOf,
  digestOfDetails,
  type Hold,
  InvariantViolation,
  type KeyResult,
  type LineCommand,
  type PostedTransaction,
  type Posting,
  type RecordedEntry,
  type RecordId,
  type Redaction,
  type ReversalState,
  rejectionReasons,
  roundings,
  type TenantId,
  type Transaction,
  type TransactionId,
  transactionIdOf,
} from '../../ledger/index.ts';
import { type Cause, causeBytes, parseCause } from './cause.ts';
import { commandRow, parseCommand } from './command-item.ts';
import { holdFields } from './hold-item.ts';
import {
  accountId,
  amount,
  assetCode,
  count,
  hash,
  hashBytes,
  lastPart,
  metadata,
  parseRow,
  type Row,
  redaction,
  transactionId,
} from './items.ts';
import { recordKey } from './keys.ts';
import { holdId } from './record-fields.ts';

const posting = z.object({ source: accountId, destination: accountId, asset: assetCode, amount });
const exchange = z.object({ sell: assetCode, buy: assetCode, rate: z.string(), rounding: z.enum(roundings) });

const recordBase = {
  createdAt: count,
  // Absent where what was asked for was redacted: it could be guessed against the hash.
  requestHash: hash.optional(),
  nonce: z.string(),
  // Absent in records written before there was one, and where nothing is known of it.
  cause: z.instanceof(Uint8Array).optional(),
  // Of a command that was accepted to be executed later.
  acceptedAt: count.optional(),
  line: accountId.optional(),
  reprocesses: transactionId.optional(),
};

/** A command that waits in a line, or that failed there. */
const waiting = { ...recordBase, type: z.string(), command: z.unknown() };

const redacted = redaction.optional();

const transactionBase = { ...recordBase, type: z.string(), postings: z.array(posting), redacted };

const recordRow = z.discriminatedUnion('status', [
  z.object({
    ...transactionBase,
    status: z.literal('posted'),
    // What each posting left, source before destination: the rest of its entries follows from the posting.
    results: z.array(z.object({ sequence: count, balanceAfter: amount, shard: count.optional() })),
    description: z.string().optional(),
    metadata: metadata.optional(),
    salt: z.string().optional(),
    feeVersion: count.optional(),
    exchange: exchange.optional(),
    holdId: holdId.optional(),
    previousOperation: z
      .string()
      .transform((text) => text as RecordId)
      .optional(),
    reverses: transactionId.optional(),
    previousReversal: transactionId.optional(),
    // What was reversed of it; absent before the first reversal.
    reversedAmount: amount.optional(),
    lastReversal: transactionId.optional(),
    reversals: count.optional(),
  }),
  z.object({
    ...transactionBase,
    status: z.literal('rejected'),
    reason: z.enum(rejectionReasons),
    evidence: z.object({
      account: accountId.optional(),
      asset: assetCode.optional(),
      available: amount.optional(),
      window: z.enum(debitWindows).optional(),
      measure: z.enum(['amount', 'count']).optional(),
      limit: amount.optional(),
      used: amount.optional(),
      required: amount.optional(),
      index: count.optional(),
    }),
  }),
  // A batch was posted: its members have records of their own, of which it keeps the ids.
  z.object({
    ...recordBase,
    status: z.literal('batch'),
    members: z.array(transactionId),
    redacted,
    movements: hash.optional(),
  }),
  z.object({ ...waiting, status: z.literal('pending') }),
  z.object({
    ...waiting,
    status: z.literal('failed'),
    // Absent where it could not be read, and was redacted as a whole.
    command: z.unknown().optional(),
    failedAt: count,
    reprocessedBy: transactionId.optional(),
    redacted,
  }),
  z.object({ ...recordBase, status: z.literal('hold'), hold: z.object({ id: holdId, ...holdFields }) }),
]);

/** What an idempotency key did, the hash of the request that asked for it, and which attempt wrote it. */
export interface KeyRecord {
  readonly result: KeyResult;
  /** What was reversed of the transaction since; absent where nothing was. */
  readonly reversed?: Omit<ReversalState, 'transaction'>;
  /** Undefined where what was asked for was redacted. */
  readonly requestHash: string | undefined;
  /** Random per request, so that a request recognises its own write when the answer to it was lost. */
  readonly nonce: string;
  /** Where the command was accepted to be executed later; it stays when it has been. */
  readonly accepted?: Acceptance;
  /** The request that did it, for those who act on it later; no answer is made of it. */
  readonly cause?: Cause;
}

/** The row of a new record: nothing of it is reversed yet. */
export function recordItem(tenant: TenantId, record: RecordId, keyRecord: KeyRecord): Row {
  const { result, requestHash, nonce, accepted, cause } = keyRecord;
  if (requestHash === undefined) throw new InvariantViolation('a record is made with the hash of its request');
  const causedBy = cause && causeBytes(cause);
  return {
    ...recordKey(tenant, record),
    requestHash: hashBytes(requestHash),
    nonce,
    ...(causedBy && { cause: causedBy }),
    ...(accepted && acceptanceRow(accepted)),
    ...contentOf(result),
  };
}

function acceptanceRow({ at, account, reprocesses }: Acceptance): Row {
  return { acceptedAt: at, line: account, ...(reprocesses !== undefined && { reprocesses }) };
}

function contentOf(result: KeyResult): Row {
  if (result.kind === 'pending') {
    const { type, createdAt, command } = result.pending;
    if (!command) throw new InvariantViolation('a command that cannot be read is not written');
    return { status: 'pending', type, createdAt, command: commandRow(command) };
  }
  if (result.kind === 'hold') return { status: 'hold', createdAt: result.hold.updatedAt, hold: result.hold };
  if (result.kind === 'batch') {
    return { status: 'batch', createdAt: result.createdAt, members: result.transactions };
  }
  const { id: _, ...content } = result.transaction;
  if (content.status === 'failed') throw new InvariantViolation('a failed transaction was pending before');
  if (content.status === 'rejected') return content;
  const { entries, ...rest } = content;
  return { ...rest, results: entries.map(resultOf) };
}

/** A shard that is absent means 0. */
function resultOf({ sequence, balanceAfter, shard }: RecordedEntry) {
  return { sequence, balanceAfter, ...(shard > 0 && { shard }) };
}

export function parseRecord(row: Row): KeyRecord {
  const parsed = parseRow(recordRow, row);
  const { requestHash, nonce, cause: causedBy, acceptedAt, line, reprocesses, ...content } = parsed;
  const id = transactionIdOf(lastPart(String(row.PK)) as RecordId);
  const cause = causedBy && parseCause(causedBy);
  const accepted = acceptedAt !== undefined && line !== undefined && acceptance(acceptedAt, line, reprocesses);
  const common = { requestHash, nonce, ...(accepted && { accepted }), ...(cause && { cause }) };
  if (content.status === 'pending' || content.status === 'failed') {
    return { result: waitingResult(row, id, requestHash, content), ...common };
  }
  if (content.status === 'hold') return { result: { kind: 'hold', hold: content.hold as Hold }, ...common };
  if (content.status === 'batch') {
    const { members: transactions, createdAt, redacted: gone, movements } = content;
    const since = { ...(gone && { redacted: gone as Redaction }), ...(movements !== undefined && { movements }) };
    return { result: { kind: 'batch', transactions, createdAt, ...since }, ...common };
  }
  if (content.status === 'rejected') return { result: transactionResult({ id, ...content } as Transaction), ...common };
  const { results, reversedAmount, lastReversal, reversals, ...rest } = content;
  const transaction = { id, ...rest, entries: recordedEntries(content.postings, results) } as PostedTransaction;
  if (digestOfDetails(transaction) === undefined)
    throw new InvariantViolation(`damaged item ${row.PK} ${row.SK}: no salt`);
  return {
    result: transactionResult(transaction),
    ...common,
    ...(reversals !== undefined && {
      reversed: { reversedAmount: reversedAmount ?? 0n, lastReversal: lastReversal ?? null, reversals },
    }),
  };
}

type WaitingContent = Pick<z.output<typeof recordRow> & { status: 'pending' }, 'type' | 'createdAt'> & {
  readonly command?: unknown;
} & (
    | { readonly status: 'pending' }
    | {
        readonly status: 'failed';
        readonly failedAt: number;
        readonly reprocessedBy?: TransactionId | undefined;
        readonly redacted?: z.output<typeof redacted>;
      }
  );

function waitingResult(
  row: Row,
  id: TransactionId,
  requestHash: string | undefined,
  content: WaitingContent,
): KeyResult {
  const { status, type, createdAt } = content;
  const command = commandOf(row, requestHash, content);
  if (status === 'pending') return { kind: 'pending', pending: { id, type, command, createdAt } };
  const { failedAt, reprocessedBy } = content;
  const postings = command?.kind === 'transaction' ? command.postings : [];
  const since = {
    ...(reprocessedBy !== undefined && { reprocessedBy }),
    ...(content.redacted && { redacted: content.redacted as Redaction }),
  };
  return transactionResult({ id, status, type, postings, createdAt, failedAt, ...since });
}

function acceptance(at: number, account: AccountId, reprocesses: TransactionId | undefined): Acceptance {
  return { at, account, ...(reprocesses !== undefined && { reprocesses }) };
}

function commandOf(
  row: Row,
  requestHash: string | undefined,
  { type, command }: Pick<WaitingContent, 'type' | 'command'>,
) {
  const [, tenant] = String(row.PK).split('#');
  const record = lastPart(String(row.PK)) as RecordId;
  const head = { tenant: tenant as TenantId, record, type, requestHash: requestHash ?? hashInPlace(record) };
  return parseCommand(command, head);
}

/** Stands for the hash of a request that was redacted, so that another try of its command has one: the same each time, and of nothing that was removed. */
export function hashInPlace(record: RecordId): string {
  return digestOf({ v: 1, redacted: record });
}

/** The command of a record that failed; undefined where what is stored of it cannot be read. */
export function parseFailedCommand(row: Row): LineCommand | undefined {
  const { requestHash, ...content } = parseRow(recordRow, row);
  return content.status === 'failed' ? commandOf(row, requestHash, content) : undefined;
}

/** What the record says of a transaction that is to be reversed; undefined where it is no posted transaction. */
export function reversalStateOf({ result, reversed }: KeyRecord): ReversalState | undefined {
  if (result.kind !== 'transaction' || result.transaction.status !== 'posted') return undefined;
  return { transaction: result.transaction, reversedAmount: 0n, lastReversal: null, reversals: 0, ...reversed };
}

/** The id that a record has as a transaction, whatever its key did. */
export function recordTransactionId(row: Row): TransactionId {
  return transactionIdOf(lastPart(String(row.PK)) as RecordId);
}

function transactionResult(transaction: Transaction): KeyResult {
  return { kind: 'transaction', transaction };
}

function recordedEntries(
  postings: readonly Posting[],
  results: readonly { sequence: number; balanceAfter: bigint; shard?: number | undefined }[],
) {
  const sides = postings.flatMap(({ source, destination, asset, amount: moved }) => [
    { account: source, asset, amount: -moved },
    { account: destination, asset, amount: moved },
  ]);
  if (sides.length !== results.length) throw new InvariantViolation('a record has two results for each posting');
  return results.map((result, index) => ({
    ...(sides[index] as (typeof sides)[number]),
    ...result,
    shard: result.shard ?? 0,
  }));
}
