/**
 * Why a transaction was declined, in order of precedence. A decline is final: it is stored and replayed to the same key.
 *
 * The first looks at what a reversal or a capture goes back to, the next two at all postings. The last two go posting by
 * posting, in their order, each seeing what the ones before it left; at one posting `insufficient_funds` comes before
 * `limit_exceeded`. How many balances an account would have is looked at last of all, once every posting is covered.
 */
export const declineReasons = [
  /** More than what remains to be reversed of a transaction, or to be captured of a hold. */
  'exceeds_remaining',
  /** An account of the transaction is closed. */
  'account_closed',
  /** A source is frozen: it takes no debits; or a destination is frozen for credits too. */
  'account_frozen',
  /** A source's posted less held balance would fall below its floor. */
  'insufficient_funds',
  /** A debit beyond a limit of its account; or a balance would need more digits than are kept exactly, or an account more balances than it may have. */
  'limit_exceeded',
] as const;
export type DeclineReason = (typeof declineReasons)[number];

/** Why a command was refused without a trace: nothing is stored, and the same key may be used again. They precede every decline. */
export const refusalCodes = [
  /** What the command is about does not exist. */
  'not_found',
  /** Nothing remains to be reversed of a transaction. */
  'already_reversed',
  /** What is stored does not admit the command as it is; the detail says why. */
  'invalid_request',
  /** A hold is open no more: it was captured, voided, or its time is over. */
  'hold_not_open',
  /** A capture would go to the very account it is held on. */
  'same_account',
  'account_not_found',
  'asset_not_found',
] as const;
export type RefusalCode = (typeof refusalCodes)[number];

/**
 * Why a transaction was rejected, for ever. One that waited in a line may be rejected for what would have refused it, had
 * it been asked for then: there is no one left to tell that nothing was stored.
 */
export const rejectionReasons = [...declineReasons, ...refusalCodes] as const;
export type RejectionReason = (typeof rejectionReasons)[number];

/** Why a change of accounts or assets was refused: nothing is changed. */
export type ChangeRefusalCode =
  | 'already_exists'
  | 'not_found'
  | 'balance_conflict'
  | 'account_closed'
  | 'asset_not_found'
  | 'idempotency_key_reused';

/** Why there is no final answer. Only `outcome_unknown` may have had an effect; the same key finds out. */
export type FailureCode = 'contention' | 'unavailable' | 'outcome_unknown';

/** Faults of a command itself, found before anything is read. */
export type CommandFaultCode = 'same_account' | 'invalid_request';

export type LedgerErrorCode = RefusalCode | ChangeRefusalCode | FailureCode | CommandFaultCode;

/** What an error is about: names of things, and a version of fees with its time. Clients may know them. */
export type Evidence = Readonly<Partial<Record<'account' | 'asset' | 'index' | 'version' | 'effectiveAt', string>>>;

/** An expected outcome that ends a use case: it carries its code and the evidence, and is rendered as it is. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  readonly code: LedgerErrorCode;
  readonly evidence: Evidence;

  constructor(code: LedgerErrorCode, message: string, evidence: Evidence = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.evidence = evidence;
  }
}

/** Something that cannot be is: a bug or damaged data. It is caught only at the boundary, and never explained to a client. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}
