import type { TenantId } from './account.ts';

/** Every kind of damage an audit tells apart, and what it means. */
export const damageKinds = {
  unreadable_row: 'The row does not have the form of its kind.',
  unbalanced_asset: 'The balances of an asset do not sum to zero.',
  unknown_asset: 'There is a balance in an asset that is not registered.',
  missing_account: 'There are balances or entries, and no account.',
  wrong_balance_set: 'The account names other balances than it has.',
  wrong_copy: 'The status, floor or number of shards of a balance is not that of its account.',
  missing_balance: 'There are entries, and no balance.',
  wrong_balance: 'The balance is not what its entries come to.',
  below_floor: 'The balance is below its floor.',
  missing_entry: 'The sequence of the entries has a gap.',
  repeated_entry: 'A sequence number occurs again.',
  changed_entry: 'The content of the entry is not what was hashed.',
  broken_chain: 'The entry does not carry the hash of the one before it.',
  wrong_balance_after: 'The entry does not add up with the one before it.',
  wrong_predecessor: 'The entry names another transaction before it than the one that is.',
  missing_transaction: 'There are entries, and no posted transaction.',
  incomplete_transaction: 'A posted transaction lacks an entry.',
  surplus_entry: 'The entry says that it belongs to a transaction that did not make it.',
  unlike_transaction: 'The entry says other than its transaction.',
  wrong_held: 'The balance keeps back other than what its open holds reserve.',
  wrong_hold: 'The hold does not add up, or with what its captures posted.',
  wrong_reversals:
    'What a transaction says was reversed of it is not what its reversals come to, or more than it moved.',
  wrong_line: 'A transaction waits and has no place in a line, or has a place there and does not wait.',
} as const;

export type DamageKind = keyof typeof damageKinds;

/** One piece of damage: of what kind, where, and what was found there. */
export interface AuditFinding {
  readonly kind: DamageKind;
  /** Undefined where not even the key tells. */
  readonly tenant?: TenantId;
  /** The account, balance (`alice USD/2`), entry (`alice USD/2 entry 7`), transaction or key it is about. */
  readonly subject: string;
  readonly detail: string;
}
