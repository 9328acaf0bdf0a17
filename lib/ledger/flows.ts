import type { AccountId } from './account.ts';
import type { AssetCode } from './asset.ts';
import type { Posting } from './posting.ts';

/** The system accounts of the named flows. They are ordinary accounts, created unbounded, so that they cannot run dry. */
export const systemAccounts = {
  external: 'system:external' as AccountId,
  treasury: 'system:treasury' as AccountId,
  revenue: 'system:revenue' as AccountId,
} as const;

/** A movement with a name of its own: postings with a configured counterparty. */
export interface Flow {
  readonly type: string;
  readonly counterparty: AccountId;
  /** `in`: from the counterparty to the account; `out`: the other way. */
  readonly direction: 'in' | 'out';
}

export const flows = {
  deposit: { type: 'deposit', counterparty: systemAccounts.external, direction: 'in' },
  withdrawal: { type: 'withdrawal', counterparty: systemAccounts.external, direction: 'out' },
  topUp: { type: 'top_up', counterparty: systemAccounts.treasury, direction: 'in' },
  bonus: { type: 'bonus', counterparty: systemAccounts.treasury, direction: 'in' },
  spend: { type: 'spend', counterparty: systemAccounts.revenue, direction: 'out' },
} as const satisfies Record<string, Flow>;

/** The posting of a named flow on an account. */
export function flowPosting(flow: Flow, account: AccountId, asset: AssetCode, amount: bigint): Posting {
  return flow.direction === 'in'
    ? { source: flow.counterparty, destination: account, asset, amount }
    : { source: account, destination: flow.counterparty, asset, amount };
}
