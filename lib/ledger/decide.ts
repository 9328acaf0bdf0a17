import type { Account, AccountId } from './account.ts';
import type { AssetCode } from './asset.ts';
import { availableOf, type Balance, balanceKey, emptyBalance } from './balance.ts';
import type { PostTransaction } from './command.ts';
import { detailsDigest, type Entry, entryHash } from './entry.ts';
import { type DeclineReason, InvariantViolation, type RefusalCode } from './errors.ts';
import { maxBalanceDigits, maxBalancesPerAccount } from './limits.ts';
import { fitsDigits } from './money.ts';
import type { Posting } from './posting.ts';
import type { BalanceChange, LedgerState } from './state.ts';
import type { DeclineEvidence, PostedTransaction } from './transaction.ts';

export type Decision =
  | {
      readonly kind: 'post';
      readonly transaction: PostedTransaction;
      readonly entries: readonly Entry[];
      readonly changes: readonly BalanceChange[];
    }
  | { readonly kind: 'decline'; readonly reason: DeclineReason; readonly evidence: DeclineEvidence }
  | { readonly kind: 'refuse'; readonly code: RefusalCode; readonly account?: AccountId; readonly asset?: AssetCode };

/** What a decision needs from outside: a clock in milliseconds since 1970, and randomness. */
export interface Circumstances {
  readonly now: number;
  readonly salt: string;
}

interface Touched {
  readonly before: Balance;
  readonly openedOn?: Account;
  current: Balance;
}

/**
 * Decides a command on a state, purely: the transaction with its entries and the balances it leaves, a decline, or a
 * refusal. Reasons come in their documented order of precedence (see `errors.ts`).
 *
 * Postings are applied in order, and each must be covered by what the ones before left, so that no entry's
 * `balanceAfter` is ever below a floor. All entries carry one time: the maximum of now and the last entry of every
 * balance touched, so the order of keys is the order of commits on each balance.
 */
export function decide(command: PostTransaction, state: LedgerState, circumstances: Circumstances): Decision {
  const touched = touch(command.postings, state);
  if (!(touched instanceof Map)) return touched;
  const barred = findBarred(command.postings, touched);
  if (barred) return barred;

  let createdAt = circumstances.now;
  for (const { before } of touched.values()) createdAt = Math.max(createdAt, before.lastEntryAt);
  const digest = detailsDigest(circumstances.salt, command.description, command.metadata);
  const entries: Entry[] = [];
  for (const posting of command.postings) {
    const source = touchedBy(touched, posting.source, posting.asset);
    const destination = touchedBy(touched, posting.destination, posting.asset);
    const declined = findUncovered(posting, source.current, destination.current);
    if (declined) return declined;
    entries.push(
      addEntry(command, source, -posting.amount, posting.destination, createdAt, digest),
      addEntry(command, destination, posting.amount, posting.source, createdAt, digest),
    );
  }
  return (
    findFull(touched) ?? {
      kind: 'post',
      transaction: recordOf(command, entries, createdAt, circumstances.salt),
      entries,
      changes: [...touched.values()].map(({ before, current, openedOn }) => ({
        before,
        after: { ...current, version: before.version + 1 },
        ...(openedOn && { openedOn }),
      })),
    }
  );
}

/** The balances of all postings, opened where they do not exist; or why one cannot be. */
function touch(postings: readonly Posting[], state: LedgerState): Map<string, Touched> | Decision {
  const touched = new Map<string, Touched>();
  const accountsMissing: AccountId[] = [];
  const assetsMissing: AssetCode[] = [];
  for (const { source, destination, asset } of postings) {
    for (const id of [source, destination]) {
      const key = balanceKey(id, asset);
      if (touched.has(key)) continue;
      const balance = state.balance(id, asset);
      if (balance) {
        touched.set(key, { before: balance, current: balance });
        continue;
      }
      const account = state.account(id);
      if (!account) accountsMissing.push(id);
      else if (!state.hasAsset(asset)) assetsMissing.push(asset);
      else {
        const empty = emptyBalance(account, asset);
        touched.set(key, { before: empty, current: empty, openedOn: account });
      }
    }
  }
  if (accountsMissing[0]) return { kind: 'refuse', code: 'account_not_found', account: accountsMissing[0] };
  if (assetsMissing[0]) return { kind: 'refuse', code: 'asset_not_found', asset: assetsMissing[0] };
  return touched;
}

function findBarred(postings: readonly Posting[], touched: Map<string, Touched>): Decision | undefined {
  for (const { source, destination, asset } of postings) {
    for (const account of [source, destination]) {
      if (touchedBy(touched, account, asset).before.status === 'closed') {
        return { kind: 'decline', reason: 'account_closed', evidence: { account } };
      }
    }
  }
  for (const { source, asset } of postings) {
    if (touchedBy(touched, source, asset).before.status === 'frozen') {
      return { kind: 'decline', reason: 'account_frozen', evidence: { account: source } };
    }
  }
  return undefined;
}

function findUncovered(posting: Posting, source: Balance, destination: Balance): Decision | undefined {
  const available = availableOf(source);
  if (available !== null && available < posting.amount) {
    const evidence = { account: posting.source, asset: posting.asset, available, required: posting.amount };
    return { kind: 'decline', reason: 'insufficient_funds', evidence };
  }
  if (!fitsDigits(source.posted - posting.amount, maxBalanceDigits)) {
    return { kind: 'decline', reason: 'limit_exceeded', evidence: { account: posting.source, asset: posting.asset } };
  }
  if (!fitsDigits(destination.posted + posting.amount, maxBalanceDigits)) {
    return {
      kind: 'decline',
      reason: 'limit_exceeded',
      evidence: { account: posting.destination, asset: posting.asset },
    };
  }
  return undefined;
}

/** An account that would have more balances than one write can freeze. */
function findFull(touched: Map<string, Touched>): Decision | undefined {
  const counts = new Map<AccountId, number>();
  for (const { openedOn } of touched.values()) {
    if (!openedOn) continue;
    const count = (counts.get(openedOn.id) ?? openedOn.balances.size) + 1;
    if (count > maxBalancesPerAccount)
      return { kind: 'decline', reason: 'limit_exceeded', evidence: { account: openedOn.id } };
    counts.set(openedOn.id, count);
  }
  return undefined;
}

/** Adds one entry to a balance: next in sequence, chained to the one before, at the transaction's time. */
function addEntry(
  command: PostTransaction,
  touched: Touched,
  amount: bigint,
  counterparty: AccountId,
  createdAt: number,
  digest: string,
): Entry {
  const { current, before } = touched;
  const content = {
    account: current.account,
    asset: current.asset,
    sequence: current.sequence + 1,
    amount,
    balanceAfter: current.posted + amount,
    transactionId: command.id,
    previousTransactionId: before.lastTransaction,
    type: command.type,
    counterparty,
    ...(command.description !== undefined && { description: command.description }),
    createdAt,
    detailsDigest: digest,
    previousHash: current.headHash,
  };
  const entry: Entry = { ...content, hash: entryHash(command.tenant, content) };
  touched.current = {
    ...current,
    posted: entry.balanceAfter,
    sequence: entry.sequence,
    lastEntryAt: createdAt,
    lastTransaction: command.id,
    headHash: entry.hash,
  };
  return entry;
}

function recordOf(
  command: PostTransaction,
  entries: readonly Entry[],
  createdAt: number,
  salt: string,
): PostedTransaction {
  return {
    id: command.id,
    status: 'posted',
    type: command.type,
    postings: command.postings,
    entries: entries.map(({ account, asset, sequence, amount, balanceAfter }) => ({
      account,
      asset,
      sequence,
      amount,
      balanceAfter,
    })),
    ...(command.description !== undefined && { description: command.description }),
    ...(command.metadata !== undefined && { metadata: command.metadata }),
    createdAt,
    salt,
  };
}

function touchedBy(touched: Map<string, Touched>, account: AccountId, asset: AssetCode): Touched {
  const found = touched.get(balanceKey(account, asset));
  if (!found) throw new InvariantViolation(`balance ${account} ${asset} was not touched`);
  return found;
}
