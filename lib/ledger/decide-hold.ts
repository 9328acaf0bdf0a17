import { availableOf } from './balance.ts';
import { postedTransaction } from './decide-transaction.ts';
import type { Circumstances, Commitment, Decision, Decline, Refusal } from './decision.ts';
import { afterCapture, afterRelease, type Hold, isOpenAt } from './hold.ts';
import type { CaptureHold } from './hold-capture.ts';
import type { CreateHold } from './hold-creation.ts';
import type { ReleaseHold } from './hold-release.ts';
import type { RecordId } from './identifiers.ts';
import { maxBalanceDigits, maxHoldSeconds } from './limits.ts';
import { fitsDigits } from './money.ts';
import { entryContext, PostingRun } from './posting-run.ts';
import type { LedgerState } from './state.ts';

const notOpen: Refusal = { kind: 'refuse', code: 'hold_not_open' };
const notFound: Refusal = { kind: 'refuse', code: 'not_found', detail: 'There is no such hold.' };

/**
 * A new hold, with what it takes from the available balance. Reasons in order of precedence: `account_not_found`,
 * `asset_not_found`, `invalid_request` (an end that is not ahead, or too far), `account_closed`, `account_frozen`,
 * `insufficient_funds`, `limit_exceeded`.
 */
export function decideCreateHold(command: CreateHold, state: LedgerState, { now, salt }: Circumstances): Decision {
  const { record, holdId, account, asset, amount, expiry, description, metadata } = command;
  const run = new PostingRun(state);
  const missing = run.openBalance(account, asset);
  if (missing) return missing;
  const createdAt = run.timeOf(now);
  const expiresAt = 'expiresAt' in expiry ? expiry.expiresAt : createdAt + expiry.expiresInSeconds * 1_000;
  const wrongEnd = refusedEnd(createdAt, expiresAt);
  if (wrongEnd) return wrongEnd;
  const declined = unreservable(command, run);
  if (declined) return declined;
  run.reserve(account, asset, amount);
  const full = run.full();
  if (full) return full;
  const hold: Hold = {
    id: holdId,
    account,
    asset,
    amount,
    remaining: amount,
    captured: 0n,
    status: 'open',
    ...(description !== undefined && { description }),
    ...(metadata !== undefined && { metadata }),
    createdAt,
    expiresAt,
    updatedAt: createdAt,
    version: 1,
    salt,
    operation: record,
  };
  return held({ after: hold }, run);
}

/** The end is looked at here and not when the request is read, so that a replay long after still gets its answer. */
function refusedEnd(createdAt: number, expiresAt: number): Refusal | undefined {
  const detail =
    expiresAt <= createdAt
      ? 'A hold ends in the future.'
      : expiresAt > createdAt + maxHoldSeconds * 1_000
        ? `A hold lasts at most ${maxHoldSeconds} seconds.`
        : undefined;
  return detail === undefined ? undefined : { kind: 'refuse', code: 'invalid_request', detail };
}

function unreservable({ account, asset, amount }: CreateHold, run: PostingRun): Decline | undefined {
  const balance = run.balance(account, asset);
  if (balance.status === 'closed') return { kind: 'decline', reason: 'account_closed', evidence: { account } };
  if (balance.status === 'frozen') return { kind: 'decline', reason: 'account_frozen', evidence: { account } };
  const available = availableOf(balance);
  if (available !== null && available < amount) {
    return { kind: 'decline', reason: 'insufficient_funds', evidence: { account, asset, available, required: amount } };
  }
  if (fitsDigits(balance.held + amount, maxBalanceDigits)) return undefined;
  return { kind: 'decline', reason: 'limit_exceeded', evidence: { account, asset } };
}

/**
 * The transaction that posts a part of a hold, with the hold it leaves. Reasons in order of precedence: `not_found`,
 * `hold_not_open`, `same_account`, `account_not_found`, `exceeds_remaining`, `account_closed`, `account_frozen`,
 * `insufficient_funds` (only where an overdraft was allowed since the hold was made), `limit_exceeded`.
 */
export function decideCaptureHold(command: CaptureHold, state: LedgerState, { now, salt }: Circumstances): Decision {
  const { record, id, type, holdId, destination, isFinal, description, metadata } = command;
  const hold = state.hold(holdId);
  if (!hold) return notFound;
  const { account, asset } = hold;
  if (!isOpenAt(hold, now)) return notOpen;
  if (destination === account) return { kind: 'refuse', code: 'same_account', account };
  const amount = command.amount ?? hold.remaining;
  const postings = [{ source: account, destination, asset, amount }];
  const run = new PostingRun(state);
  const missing = run.open(postings);
  if (missing) return missing;
  const createdAt = Math.max(run.timeOf(now), hold.updatedAt);
  // The transaction's own time counts: nothing is ever posted out of a hold at or after its end.
  if (!isOpenAt(hold, createdAt)) return notOpen;
  const declined = exceeding(hold, amount) ?? run.barred(postings);
  if (declined) return { ...declined, postings };
  if (run.balance(account, asset).held < hold.remaining) return { kind: 'stale' };

  const after = afterCapture(hold, { amount, isFinal, time: createdAt, record });
  run.reserve(account, asset, after.remaining - hold.remaining);
  const entries = run.postAll(postings, entryContext(command, createdAt, salt));
  if ('kind' in entries) return { ...entries, postings };
  const full = run.full();
  if (full) return { ...full, postings };
  const posted = postedTransaction({ id, type, postings, description, metadata }, entries, createdAt, salt);
  return {
    kind: 'commit',
    result: { kind: 'transaction', transaction: { ...posted, holdId, ...operationBefore(hold) } },
    entries,
    changes: run.changes(),
    holds: [{ before: hold, after }],
  };
}

/** What the transaction remembers of the hold's operations: the one it follows. */
function operationBefore({ operation }: Hold): { readonly previousOperation?: RecordId } {
  return operation === undefined ? {} : { previousOperation: operation };
}

function exceeding({ account, asset, remaining }: Hold, amount: bigint): Decline | undefined {
  if (amount <= remaining) return undefined;
  const evidence = { account, asset, available: remaining, required: amount };
  return { kind: 'decline', reason: 'exceeds_remaining', evidence };
}

/**
 * A hold that ends with all that remains given back. Reasons in order of precedence: `not_found`, `hold_not_open` (for
 * an expiry also: its time is not over). A frozen account gets back what was reserved like any other.
 */
export function decideReleaseHold(command: ReleaseHold, state: LedgerState, { now }: Circumstances): Decision {
  const { record, holdId, status } = command;
  const hold = state.hold(holdId);
  if (!hold) return notFound;
  const { account, asset, remaining } = hold;
  const isDue = status === 'voided' ? isOpenAt(hold, now) : hold.status === 'open' && now >= hold.expiresAt;
  if (!isDue) return notOpen;
  const run = new PostingRun(state);
  if (run.openBalance(account, asset) || run.balance(account, asset).held < remaining) return { kind: 'stale' };
  run.reserve(account, asset, -remaining);
  const time = Math.max(run.timeOf(now), hold.updatedAt);
  return held({ before: hold, after: afterRelease(hold, { status, time, record }) }, run);
}

function held(change: { readonly before?: Hold; readonly after: Hold }, run: PostingRun): Commitment {
  return {
    kind: 'commit',
    result: { kind: 'hold', hold: change.after },
    entries: [],
    changes: run.changes(),
    holds: [change],
  };
}
