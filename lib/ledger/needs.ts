import type { AccountId } from './account.ts';
import type { AssetCode } from './asset.ts';
import type { Command, PostTransaction } from './command.ts';
import { askedPostings, canHaveFee, feeBalances } from './fee.ts';
import type { HoldId } from './hold.ts';
import type { Posting } from './posting.ts';
import type { LedgerState } from './state.ts';
import type { TransactionId } from './transaction.ts';

/** What a command is decided on. Accounts and assets are asked only where a balance does not exist. */
export interface Needs {
  readonly balances: readonly {
    readonly account: AccountId;
    readonly asset: AssetCode;
    /** Whether it is about what is reserved: of an account that is spread, all of that lies on shard 0. */
    readonly isReserved?: boolean;
  }[];
  readonly holds?: readonly HoldId[];
  /** Whether fees may come with it. */
  readonly fees?: boolean;
  /** Transactions that are to be reversed. */
  readonly reversibles?: readonly TransactionId[];
}

/** What was found so far; undefined for what is absent or was not looked for yet. */
export type Found = Pick<LedgerState, 'hold' | 'reversible' | 'feeTimeline'>;

/** Before anything was looked for. */
export const nothingFound: Found = {
  hold: () => undefined,
  reversible: () => undefined,
  feeTimeline: () => undefined,
};

/** What a command needs, as far as can be told by what was found: what it names itself, then what follows from that. */
export function needsOf(command: Command, found: Found): Needs {
  switch (command.kind) {
    case 'transaction':
      return needsOfTransaction(command, found);
    case 'createHold':
      return { balances: [{ account: command.account, asset: command.asset, isReserved: true }] };
    case 'captureHold':
      return needsOfHold(command.holdId, found, [command.destination]);
    case 'releaseHold':
      return needsOfHold(command.holdId, found);
    case 'batch':
      return needsOfAll(command.members, found);
    case 'reversal':
      return needsOfReversal(command.reverses, found);
  }
}

/** What the postings name, and once the fee schedules are known what they add. */
export function needsOfTransaction(command: PostTransaction, found: Found): Needs {
  const fees = feeBalances(found.feeTimeline() ?? [], command);
  return { balances: balancesOf([...command.postings, ...fees]), fees: canHaveFee(command) };
}

/** What several transactions need together. */
export function needsOfAll(commands: readonly PostTransaction[], found: Found): Needs {
  const needs = commands.map((command) => needsOfTransaction(command, found));
  return { balances: needs.flatMap(({ balances }) => balances), fees: needs.some(({ fees }) => fees) };
}

/** A hold, and once it is found its balance, with the balances of others in the same asset. */
function needsOfHold(id: HoldId, found: Found, others: readonly AccountId[] = []): Needs {
  const hold = found.hold(id);
  if (!hold) return { balances: [], holds: [id] };
  const { account: holder, asset } = hold;
  const balances = others.map((account) => ({ account, asset }));
  return { balances: [{ account: holder, asset, isReserved: true }, ...balances], holds: [id] };
}

/** A transaction, and once it is found the balances that it touched. */
function needsOfReversal(id: TransactionId, found: Found): Needs {
  const original = found.reversible(id);
  return { balances: original ? balancesOf(askedPostings(original.transaction)) : [], reversibles: [id] };
}

/** The balances that postings touch; one may come more than once. */
export function balancesOf(postings: readonly Posting[]): { account: AccountId; asset: AssetCode }[] {
  return postings.flatMap(({ source, destination, asset }) => [
    { account: source, asset },
    { account: destination, asset },
  ]);
}
