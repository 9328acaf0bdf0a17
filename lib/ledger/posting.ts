import type { AccountId } from './account.ts';
import type { AssetCode } from './asset.ts';

/** The one primitive of every movement: an amount of an asset goes from source to destination. */
export interface Posting {
  readonly source: AccountId;
  readonly destination: AccountId;
  readonly asset: AssetCode;
  /** Minor units; always positive. */
  readonly amount: bigint;
}
