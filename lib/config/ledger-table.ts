/**
 * The key schemas of the tables, defined once: the CDK constructs, the store and the tests' table maker
 * all read them here. A name in this file is part of stored rows, so changing one strands what is stored.
 */

/** A sparse index: an item is in it only while it carries both key attributes. */
export interface SparseIndex {
  readonly name: string;
  readonly partitionKey: string;
  readonly sortKey: string;
  readonly projection: 'ALL' | 'KEYS_ONLY';
}

/** The table of the money. Every key attribute, of the table and of its indexes, is a string. */
export const ledgerTable = {
  partitionKey: 'PK',
  sortKey: 'SK',
  stream: 'NEW_AND_OLD_IMAGES',
  indexes: {
    /** Lists the accounts of a tenant by id; eventually consistent. */
    accountsByTenant: {
      name: 'accountsByTenant',
      partitionKey: 'accountsOf',
      sortKey: 'accountId',
      projection: 'ALL',
    },
    /** Orders what waits for a point in time, within a hash bucket. */
    due: {
      name: 'due',
      partitionKey: 'dueBucket',
      sortKey: 'dueAt',
      projection: 'KEYS_ONLY',
    },
  },
} as const satisfies {
  readonly partitionKey: string;
  readonly sortKey: string;
  readonly stream: string;
  readonly indexes: Readonly<Record<string, SparseIndex>>;
};

/**
 * The partition keys of what the audit of the running ledger keeps for itself begin with this: the audit may write there and
 * nowhere else.
 */
export const auditPrefix = 'AUDIT';

/** The table of what is around the money and moves none of it. Every key attribute is a string. */
export const platformTable = {
  partitionKey: 'PK',
  sortKey: 'SK',
  /** Holds the expiry as seconds since 1970; DynamoDB deletes the item some time after it. Items without it are kept. */
  expiryAttribute: 'expiresAtSeconds',
  indexes: {
    /** Orders what waits for a point in time, within a hash bucket. */
    due: {
      name: 'due',
      partitionKey: 'dueBucket',
      sortKey: 'dueAt',
      projection: 'KEYS_ONLY',
    },
  },
} as const satisfies {
  readonly partitionKey: string;
  readonly sortKey: string;
  readonly expiryAttribute: string;
  readonly indexes: Readonly<Record<string, SparseIndex>>;
};

/** The table of Powertools idempotency records, for mutations that move no money. */
export const idempotencyTable = {
  partitionKey: 'id',
  /** Holds the expiry as seconds since 1970; DynamoDB deletes the item some time after it. */
  expiryAttribute: 'expiration',
} as const;
