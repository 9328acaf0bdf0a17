import type { AccountId } from './account.ts';
import type { AssetCode } from './asset.ts';
import type { Command } from './command.ts';
import type { HoldId } from './hold.ts';
import type { Posting } from './posting.ts';
import type { LedgerState } from './state.ts';
import type { TransactionId } from './transaction.ts';

/** What a command is decided on. Accounts and assets are asked only where a balance does not exist. */
export interface Needs {
  readonly balances: readonly { readonly account: AccountId; readonly asset: AssetCode }[];
  readonly holds?: readonly HoldId[];
  /** Transactions that are to be reversed. */
  readonly reversibles?: readonly TransactionId[];
}

/** What was found so far; undefined for what is absent or was not looked for yet. */
export type Found = Pick<LedgerState, 'hold' | 'reversible'>;

/** Before anything was looked for. */
export const nothingFound: Found = { hold: () => undefined, reversible: () => undefined };

/** What a command needs, as far as can be told by what was found: what it names itself, then what follows from that. */
export function needsOf(command: Command, found: Found): Needs {
  switch (command.kind) {
    case 'transaction':
      return { balances: balancesOf(command.postings) };
    case 'createHold':
      return { balances: [{ account: command.account, asset: command.asset }] };
    case 'captureHold':
      return needsOfHold(command.holdId, found, [command.destination]);
    case 'releaseHold':
      return needsOfHold(command.holdId, found);
  }
}

/** A hold, and once it is found its balance, with the balances of others in the same asset. */
function needsOfHold(id: HoldId, found: Found, others: readonly AccountId[] = []): Needs {
  const hold = found.hold(id);
  if (!hold) return { balances: [], holds: [id] };
  const balances = [hold.account, ...others].map((account) => ({ account, asset: hold.asset }));
  return { balances, holds: [id] };
}

/** The balances that postings touch; one may come more than once. */
export function balancesOf(postings: readonly Posting[]): { account: AccountId; asset: AssetCode }[] {
  return postings.flatMap(({ source, destination, asset }) => [
    { account: source, asset },
    { account: destination, asset },
  ]);
}
