import type { PostTransaction } from './command.ts';
import type { Circumstances, Decision } from './decision.ts';
import type { Entry } from './entry.ts';
import { InvariantViolation } from './errors.ts';
import { canHaveFee, type FeePlan, planFees } from './fee.ts';
import { entryContext, PostingRun } from './posting-run.ts';
import type { LedgerState } from './state.ts';
import type { PostedTransaction } from './transaction.ts';

/** The transaction with its entries and the balances it leaves, all at one time; or why not. */
export function decideTransaction(
  command: PostTransaction,
  state: LedgerState,
  { now, salt }: Circumstances,
): Decision {
  const fees = feesDue(command, state, now);
  const postings = [...command.postings, ...(fees?.postings ?? [])];
  const run = new PostingRun(state);
  const refusedOrBarred = run.open(postings) ?? run.barred(postings);
  if (refusedOrBarred) return refusedOrBarred;

  const createdAt = run.timeOf(now);
  // A limit is on what clients move, so a fee neither meets it nor uses it up.
  const optionsOf = (index: number) => ({ isCounted: index < command.postings.length });
  const entries = run.postAll(postings, entryContext(command, createdAt, salt), optionsOf);
  if ('kind' in entries) return entries;
  const full = run.full();
  if (full) return full;
  const feeVersion = fees?.version;
  const transaction: PostedTransaction = {
    ...postedTransaction({ ...command, postings }, entries, createdAt, salt),
    ...(feeVersion !== undefined && { feeVersion }),
    ...(command.exchange && { exchange: command.exchange }),
  };
  return { kind: 'commit', result: { kind: 'transaction', transaction }, entries, changes: run.changes() };
}

/** What the command costs at this time. @throws InvariantViolation where the fee schedules were not loaded for it */
function feesDue(command: PostTransaction, state: LedgerState, now: number): FeePlan | undefined {
  if (!canHaveFee(command)) return undefined;
  const timeline = state.feeTimeline();
  if (!timeline) throw new InvariantViolation('a transaction that may have a fee is decided without the fee schedules');
  return planFees(timeline, command, now);
}

/** The transaction as its record keeps it. */
export function postedTransaction(
  { id, type, postings, description, metadata }: Omit<PostTransaction, 'kind' | 'tenant' | 'record' | 'requestHash'>,
  entries: readonly Entry[],
  createdAt: number,
  salt: string,
): PostedTransaction {
  return {
    id,
    status: 'posted',
    type,
    postings,
    entries: entries.map(({ account, asset, shard, sequence, amount, balanceAfter }) => ({
      account,
      asset,
      shard,
      sequence,
      amount,
      balanceAfter,
    })),
    ...(description !== undefined && { description }),
    ...(metadata !== undefined && { metadata }),
    createdAt,
    salt,
  };
}
