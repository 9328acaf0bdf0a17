/**
 * Every limit of the ledger, named; each derived from what DynamoDB allows or explained.
 * A limit that a client can meet is named in the error it gets.
 */

/** Actions one `TransactWriteItems` may hold: DynamoDB's own limit. */
export const maxActionsPerWrite = 100;

/** The most actions one posting can need: two entries, two new balances and two accounts that learn of them. */
export const maxActionsPerPosting = 6;

/** Postings of one transaction: its record, its place in a line and all its postings always fit one write, whatever already exists. */
export const maxPostings = Math.floor((maxActionsPerWrite - 2) / maxActionsPerPosting);

/**
 * Transactions of one batch: so many fit one write if all are between the same two accounts, with a record and two
 * entries each beside the batch's own record, its place in a line, two balances and two accounts. How many fit of others, their accounts tell.
 */
export const maxBatchMembers = Math.floor((maxActionsPerWrite - 6) / 3);

/** Digits of an amount: far above any currency, and far below the 38 digits a DynamoDB number keeps exactly. */
export const maxAmountDigits = 30;

/** Digits of a balance: a million of the largest amounts, still exact in a DynamoDB number. */
export const maxBalanceDigits = 36;

/** Characters of an account's name: it stands in the keys of each of its items. */
export const maxAccountIdLength = 128;

/** Characters of a tenant's name: it stands in every key. */
export const maxTenantIdLength = 64;

/** Characters of an account's owner: the subject of a token (RFC 7519 leaves it open, OpenID Connect says 255). */
export const maxOwnerLength = 255;

/** Balances of one account: freezing it writes the account, every balance, a change record and the record of the act in one write. */
export const maxBalancesPerAccount = maxActionsPerWrite - 4;

/** Shards of an account: one write freezes them all, whatever the asset, and one read adds them up. */
export const maxShards = 64;

/** Bytes of a description: it is kept with the transaction and both its entries, which stay under one write unit (1 KB). */
export const maxDescriptionBytes = 256;

/** Bytes of metadata as canonical JSON: kept once, in the record; each KB beyond the first costs two write units. */
export const maxMetadataBytes = 2_048;

/** Entries of a metadata object. */
export const maxMetadataEntries = 32;

/** Characters of a metadata name. */
export const maxMetadataNameLength = 64;

/** Characters of an asset's display name. */
export const maxAssetNameLength = 64;

/** Characters of an idempotency key: the IETF draft sets none, this is what keeps a header readable. */
export const maxIdempotencyKeyLength = 255;

/** How far this machine's clock may be from DynamoDB's before the committer refuses to commit, in milliseconds. */
export const maxClockSkewMs = 2_000;

/** The longest a commit may take from its decision to its last attempt, in milliseconds; cuts in time are taken older than this and the skew. */
export const maxCommitMs = 8_000;

/** How long a hold lasts where nothing is said, in seconds: a week, as most card authorisations do. */
export const defaultHoldSeconds = 7 * 86_400;

/** The longest a hold may last, in seconds: 31 days, as the longest card authorisations do. What is reserved longer is better posted to an account of its own. */
export const maxHoldSeconds = 31 * 86_400;

/** Rules of one fee schedule: enough for several types in a dozen assets; the schedule stays some 20 KB at the most. */
export const maxFeeRules = 64;

/** Versions of the fee schedule that are not in force yet: each instance reads them all together with the one that is. */
export const maxFeeVersionsAhead = 4;

/** How long an instance may go on with the fee schedule that it read, in milliseconds. */
export const maxFeeTimelineAgeMs = 30_000;

/** How long the write of a new fee schedule may take until it is seen, in milliseconds: its attempts, and one more request. */
export const maxFeeWriteMs = 10_000;

/**
 * How long before it takes effect a version of the fee schedule is made, in milliseconds: by then every instance has
 * read it, so that none charges by an old one. It is longer than these together: the age of what an instance read, the
 * time it then takes to commit by it, the time the version takes to be written, and both clocks' errors.
 */
export const minFeeNoticeMs = 60_000;

/** How often the head of a line is tried before it counts as failed by itself. */
export const maxLineAttempts = 5;

/** How long a request waits for what becomes of its command in a line, in milliseconds: a request that waits holds a function. */
export const maxLineWaitMs = 2_000;

/**
 * How old an instant must be before nothing can change any more at or before it, in milliseconds: a transaction decided then may land as
 * much later as a commit takes, and the clock that dated it may be as far behind as the reader's is ahead.
 */
export const maxSettlingMs = maxCommitMs + 2 * maxClockSkewMs;
