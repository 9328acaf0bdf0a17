import type { PostTransaction } from './command.ts';
import type { Circumstances, Decision } from './decision.ts';
import { detailsDigest, type Entry } from './entry.ts';
import { PostingRun } from './posting-run.ts';
import type { LedgerState } from './state.ts';
import type { PostedTransaction } from './transaction.ts';

/** The transaction with its entries and the balances it leaves, all at one time; or why not. */
export function decideTransaction(
  command: PostTransaction,
  state: LedgerState,
  { now, salt }: Circumstances,
): Decision {
  const { tenant, id, type, postings, description, metadata } = command;
  const run = new PostingRun(state);
  const refusedOrBarred = run.open(postings) ?? run.barred(postings);
  if (refusedOrBarred) return refusedOrBarred;

  const createdAt = run.timeOf(now);
  const digest = detailsDigest(salt, description, metadata);
  const entries: Entry[] = [];
  for (const posting of postings) {
    const posted = run.post(posting, {
      tenant,
      transactionId: id,
      type,
      description,
      detailsDigest: digest,
      createdAt,
    });
    if ('kind' in posted) return posted;
    entries.push(...posted);
  }
  const full = run.full();
  if (full) return full;
  const transaction = postedTransaction(command, entries, createdAt, salt);
  return { kind: 'commit', result: { kind: 'transaction', transaction }, entries, changes: run.changes() };
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
    entries: entries.map(({ account, asset, sequence, amount, balanceAfter }) => ({
      account,
      asset,
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
