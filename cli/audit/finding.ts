/** The kinds of damage that can be seen from outside. */
export const damageKinds = {
  sequence_gap: 'entries are missing, or stand in another order',
  balance_after_mismatch: 'the balance after an entry is not the one before it and the amount',
  chain_broken: 'an entry does not name the hash of the one before it',
  hash_mismatch: 'an entry is not what was hashed',
  time_reversed: 'an entry is older than the one before it',
  balance_mismatch: 'the balance is not what its entries add up to',
  sum_not_zero: 'the balances of an asset do not sum to zero',
} as const;

export type DamageKind = keyof typeof damageKinds;

/** One damage, and where it is. */
export interface Finding {
  readonly kind: DamageKind;
  readonly asset: string;
  readonly account?: string;
  /** The shard, of an account that is spread, where it is not 0. */
  readonly shard?: number;
  /** The entry's place in its balance, or in the shard. */
  readonly sequence?: string;
  readonly expected: string;
  readonly found: string;
}
