import { type Account, type AccountId, assetsOf, type Metadata, type TenantId, takesNoCredits } from './account.ts';
import type { AssetCode } from './asset.ts';
import { availableOf, type Balance, type BalancePlace, balanceKey, emptyBalance } from './balance.ts';
import type { CommandBase } from './command.ts';
import type { Decline, Refusal } from './decision.ts';
import { detailsDigest, type Entry, entryHash } from './entry.ts';
import { InvariantViolation } from './errors.ts';
import { maxBalanceDigits, maxBalancesPerAccount } from './limits.ts';
import { fitsDigits } from './money.ts';
import type { Posting } from './posting.ts';
import type { BalanceChange, LedgerState } from './state.ts';
import type { TransactionId, TransactionType } from './transaction.ts';
import { findExceeded, useAfter } from './velocity.ts';

/** What all entries of one transaction have in common. */
export interface EntryContext {
  readonly tenant: TenantId;
  readonly transactionId: TransactionId;
  readonly type: TransactionType;
  readonly description?: string | undefined;
  readonly detailsDigest: string;
  /** Milliseconds since 1970; see `timeOf`. */
  readonly createdAt: number;
}

/** What the entries of a command's transaction have in common. */
export function entryContext(
  { tenant, id, type, description, metadata }: Described,
  createdAt: number,
  salt: string,
): EntryContext {
  const digest = detailsDigest(salt, description, metadata);
  return { tenant, transactionId: id, type, description, detailsDigest: digest, createdAt };
}

/** A command that makes a transaction with details. */
interface Described extends Pick<CommandBase, 'tenant' | 'id' | 'type'> {
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

/** What the rules make of one posting. */
export interface PostingOptions {
  /** Whether the source may fall below its floor. */
  readonly mayOverdraw?: boolean;
  /** Whether it counts against the source's limits of debits; an overdraft that was allowed does not. */
  readonly isCounted?: boolean;
}

interface Touched {
  readonly before: Balance;
  readonly openedOn?: Account;
  current: Balance;
}

/**
 * The balances of one command while its postings are applied to them, in order: each posting must be covered by what
 * the ones before left, so that no entry's `balanceAfter` is ever below a floor. Nothing outside it is changed.
 */
export class PostingRun {
  readonly #state: LedgerState;
  readonly #touched = new Map<string, Touched>();

  constructor(state: LedgerState) {
    this.#state = state;
  }

  /** Takes in the balances of postings, opened where they do not exist; or says which account or asset is missing. */
  open(postings: readonly Posting[]): Refusal | undefined {
    const accountsMissing: AccountId[] = [];
    const assetsMissing: AssetCode[] = [];
    for (const { source, destination, asset } of postings) {
      for (const id of [source, destination]) {
        const missing = this.#open(id, asset);
        if (missing === 'account') accountsMissing.push(id);
        if (missing === 'asset') assetsMissing.push(asset);
      }
    }
    if (accountsMissing[0]) return { kind: 'refuse', code: 'account_not_found', account: accountsMissing[0] };
    if (assetsMissing[0]) return { kind: 'refuse', code: 'asset_not_found', asset: assetsMissing[0] };
    return undefined;
  }

  /** Takes in one balance that is neither debited nor credited, such as one of which a part is reserved. */
  openBalance(account: AccountId, asset: AssetCode): Refusal | undefined {
    const missing = this.#open(account, asset);
    if (missing === 'account') return { kind: 'refuse', code: 'account_not_found', account };
    if (missing === 'asset') return { kind: 'refuse', code: 'asset_not_found', asset };
    return undefined;
  }

  /** The decline of a transaction of which an account is closed, a source frozen, or a destination frozen for credits too. */
  barred(postings: readonly Posting[]): Decline | undefined {
    for (const { source, destination, asset } of postings) {
      for (const account of [source, destination]) {
        if (this.balance(account, asset).status === 'closed') {
          return { kind: 'decline', reason: 'account_closed', evidence: { account } };
        }
      }
    }
    for (const { source, destination, asset } of postings) {
      if (this.balance(source, asset).status === 'frozen') {
        return { kind: 'decline', reason: 'account_frozen', evidence: { account: source } };
      }
      if (takesNoCredits(this.balance(destination, asset))) {
        return { kind: 'decline', reason: 'account_frozen', evidence: { account: destination } };
      }
    }
    return undefined;
  }

  /**
   * The one time of the command: the maximum of now and the last entry of every balance touched, so that the order of
   * keys is the order of commits on each balance.
   */
  timeOf(now: number): number {
    let time = now;
    for (const { before } of this.#touched.values()) time = Math.max(time, before.lastEntryAt);
    return time;
  }

  /** A balance as it is by now. */
  balance(account: AccountId, asset: AssetCode): Balance {
    return this.#of(account, asset).current;
  }

  /** Reserves an amount, or gives a reserved one back when it is negative. Whether it is covered is the caller's to ask. */
  reserve(account: AccountId, asset: AssetCode, amount: bigint): void {
    const touched = this.#of(account, asset);
    const held = touched.current.held + amount;
    if (held < 0n) throw new InvariantViolation(`${account} ${asset} has less reserved than is given back`);
    touched.current = { ...touched.current, held };
  }

  /** Applies one posting: the two entries it makes, or the decline of one that is not covered or exceeds a limit. */
  #post(
    posting: Posting,
    context: EntryContext,
    { mayOverdraw = false, isCounted = !mayOverdraw }: PostingOptions,
  ): readonly Entry[] | Decline {
    const source = this.#of(posting.source, posting.asset);
    const destination = this.#of(posting.destination, posting.asset);
    const declined = findUncovered(posting, source.current, destination.current, mayOverdraw);
    if (declined) return declined;
    if (isCounted) {
      const exceeding = countDebit(posting, source, context.createdAt);
      if (exceeding) return exceeding;
    }
    const available = availableOf(source.current);
    const isOverdraft = available !== null && available < posting.amount;
    return [
      addEntry(context, source, -posting.amount, posting.destination, isOverdraft),
      addEntry(context, destination, posting.amount, posting.source),
    ];
  }

  /** Applies postings one after the other: all their entries, or the decline of the first that cannot be. */
  postAll(
    postings: readonly Posting[],
    context: EntryContext,
    optionsOf: (index: number) => PostingOptions = () => ({}),
  ): readonly Entry[] | Decline {
    const entries: Entry[] = [];
    for (const [index, posting] of postings.entries()) {
      const posted = this.#post(posting, context, optionsOf(index));
      if ('kind' in posted) return posted;
      entries.push(...posted);
    }
    return entries;
  }

  /** The decline of a command that would give an account more balances than one write can freeze. */
  full(): Decline | undefined {
    const assets = new Map<AccountId, Set<AssetCode>>();
    for (const { openedOn, before } of this.#touched.values()) {
      if (!openedOn) continue;
      const its = (assets.get(openedOn.id) ?? assetsOf(openedOn)).add(before.asset);
      // All shards of an asset count with its first, so that it does not depend on their order which asset is one too many.
      if (its.size * openedOn.shards > maxBalancesPerAccount)
        return { kind: 'decline', reason: 'limit_exceeded', evidence: { account: openedOn.id } };
      assets.set(openedOn.id, its);
    }
    return undefined;
  }

  /** What has become of the balances; each is one version on. */
  changes(): BalanceChange[] {
    return [...this.#touched.values()].map(({ before, current, openedOn }) => ({
      before,
      after: { ...current, version: before.version + 1 },
      ...(openedOn && { openedOn }),
    }));
  }

  #open(id: AccountId, asset: AssetCode): 'account' | 'asset' | undefined {
    const place = this.#place(id, asset);
    const key = balanceKey(place);
    if (this.#touched.has(key)) return undefined;
    const balance = this.#state.balance(id, asset);
    if (balance) {
      this.#touched.set(key, { before: balance, current: balance });
      return undefined;
    }
    const account = this.#state.account(id);
    if (!account) return 'account';
    if (!this.#state.hasAsset(asset)) return 'asset';
    const empty = emptyBalance(account, asset, place.shard);
    this.#touched.set(key, { before: empty, current: empty, openedOn: account });
    return undefined;
  }

  #place(account: AccountId, asset: AssetCode): BalancePlace {
    return { account, asset, shard: this.#state.shard(account, asset) };
  }

  #of(account: AccountId, asset: AssetCode): Touched {
    const found = this.#touched.get(balanceKey(this.#place(account, asset)));
    if (!found) throw new InvariantViolation(`balance ${account} ${asset} was not touched`);
    return found;
  }
}

function findUncovered(
  posting: Posting,
  source: Balance,
  destination: Balance,
  mayOverdraw: boolean,
): Decline | undefined {
  const available = availableOf(source);
  if (available !== null && available < posting.amount && !mayOverdraw) {
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

/** Counts a debit against the limits of its source, or declines one that would exceed them. Without limits nothing is counted. */
function countDebit({ source: account, asset, amount }: Posting, source: Touched, at: number): Decline | undefined {
  const { limits, debits } = source.current;
  if (!limits) return undefined;
  const exceeded = findExceeded(limits, debits, amount, at);
  if (exceeded) {
    const evidence = { account, asset, ...exceeded, required: exceeded.measure === 'amount' ? amount : 1n };
    return { kind: 'decline', reason: 'limit_exceeded', evidence };
  }
  source.current = { ...source.current, debits: useAfter(debits, amount, at) };
  return undefined;
}

/** Adds one entry to a balance: next in sequence, chained to the one before, at the transaction's time. */
function addEntry(
  context: EntryContext,
  touched: Touched,
  amount: bigint,
  counterparty: AccountId,
  isOverdraft = false,
): Entry {
  const { current, before } = touched;
  const { tenant, transactionId, type, description, detailsDigest, createdAt } = context;
  const content = {
    account: current.account,
    asset: current.asset,
    shard: current.shard,
    sequence: current.sequence + 1,
    amount,
    balanceAfter: current.posted + amount,
    transactionId,
    previousTransactionId: before.lastTransaction,
    type,
    counterparty,
    ...(description !== undefined && { description }),
    ...(isOverdraft && { overdraft: true as const }),
    createdAt,
    detailsDigest,
    previousHash: current.headHash,
  };
  const entry: Entry = { ...content, hash: entryHash(tenant, content) };
  touched.current = {
    ...current,
    posted: entry.balanceAfter,
    sequence: entry.sequence,
    lastEntryAt: createdAt,
    lastTransaction: transactionId,
    headHash: entry.hash,
  };
  return entry;
}
