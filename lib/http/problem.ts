import type { CommandFaultCode, DeclineReason, FailureCode, LedgerErrorCode, RefusalCode } from '../ledger/errors.ts';

/** Codes that HTTP itself adds to the ledger's own. */
export type HttpProblemCode =
  | 'invalid_request'
  | 'idempotency_key_missing'
  | 'invalid_cursor'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'in_progress'
  | 'idempotency_key_reused'
  | 'too_large'
  | 'headers_too_large'
  | 'unsupported_media_type'
  | 'rate_limited'
  | 'webhook_disabled'
  | 'transaction_failed'
  | 'dead_letter_not_open'
  | 'client_revoked'
  | 'not_reprocessable'
  | 'internal';

export type ProblemCode =
  | HttpProblemCode
  | DeclineReason
  | RefusalCode
  | FailureCode
  | CommandFaultCode
  | LedgerErrorCode;

interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** Said when nothing more exact is known. */
  readonly detail: string;
  /** The client may repeat the request after so many seconds. */
  readonly retryAfterSeconds?: number;
}

/**
 * The one table of errors: a code of the ledger or of HTTP that is missing here does not compile.
 * A detail is for people and may change; `code` is for programs and does not.
 */
export const problems = {
  invalid_request: {
    status: 400,
    title: 'Invalid request',
    detail: 'The request is malformed; `errors` names each fault.',
  },
  idempotency_key_missing: {
    status: 400,
    title: 'Idempotency key missing',
    detail:
      'Send an Idempotency-Key header of 1 to 255 visible characters, made anew for each action and kept for its retries.',
  },
  invalid_cursor: {
    status: 400,
    title: 'Invalid cursor',
    detail: 'The cursor is not one of this query. Send it back as it was answered, with the same query.',
  },
  unauthenticated: {
    status: 401,
    title: 'Not authenticated',
    detail:
      'Send a valid API key or token as "Authorization: Bearer <key or token>"; a key also as "X-Api-Key: <key>".',
  },
  forbidden: { status: 403, title: 'Forbidden', detail: 'The credentials do not allow this operation.' },
  not_found: { status: 404, title: 'Not found', detail: 'There is nothing at this path.' },
  already_exists: { status: 409, title: 'Already exists', detail: 'There is one already.' },
  in_progress: {
    status: 409,
    title: 'In progress',
    detail: 'A request with this key is still being processed. Repeat this request to get its answer.',
    retryAfterSeconds: 1,
  },
  already_reversed: {
    status: 409,
    title: 'Already reversed',
    detail: 'Nothing remains to be reversed of the transaction.',
  },
  balance_conflict: {
    status: 409,
    title: 'Balance conflict',
    detail: 'A balance of the account contradicts the change.',
  },
  hold_not_open: {
    status: 409,
    title: 'Hold not open',
    detail: 'The hold was captured, voided, or its time is over.',
  },
  webhook_disabled: {
    status: 409,
    title: 'Webhook disabled',
    detail: 'The webhook is switched off. Switch it on first; the key may be used again.',
  },
  dead_letter_not_open: {
    status: 409,
    title: 'Dead letter not open',
    detail: 'Somebody has seen to the dead letter before.',
  },
  client_revoked: {
    status: 409,
    title: 'Client revoked',
    detail: 'The API client is revoked, for ever. Make another one.',
  },
  not_reprocessable: {
    status: 409,
    title: 'Not reprocessable',
    detail: 'The dead letter cannot be brought back to work; the detail says why.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'Idempotency key reused',
    detail: 'This key was used for another request. Make a new key for a new request.',
  },
  exceeds_remaining: {
    status: 422,
    title: 'More than remains',
    detail: 'The amount is more than what remains.',
  },
  insufficient_funds: {
    status: 422,
    title: 'Insufficient funds',
    detail: 'The source does not have enough of the asset.',
  },
  account_frozen: { status: 422, title: 'Account frozen', detail: 'A frozen account takes no debits.' },
  account_closed: { status: 422, title: 'Account closed', detail: 'A closed account takes part in nothing.' },
  limit_exceeded: {
    status: 422,
    title: 'Limit exceeded',
    detail: 'The transaction would exceed a limit of a balance or an account.',
  },
  account_not_found: {
    status: 422,
    title: 'Account not found',
    detail: 'There is no such account. The key may be used again.',
  },
  asset_not_found: {
    status: 422,
    title: 'Asset not found',
    detail: 'There is no such asset. The key may be used again.',
  },
  same_account: {
    status: 422,
    title: 'Same account',
    detail: 'Source and destination of a posting must differ. The key may be used again.',
  },
  transaction_failed: {
    status: 422,
    title: 'Transaction failed',
    detail:
      'The transaction was accepted, and given up when each try of it failed for a fault on our side. Nothing was moved. This is final for the key; operators know of it.',
  },
  too_large: { status: 413, title: 'Too large', detail: 'The request body is larger than allowed.' },
  headers_too_large: {
    status: 431,
    title: 'Headers too large',
    detail: 'The request line and the headers together are larger than allowed.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    detail: 'Send the body as application/json in UTF-8.',
  },
  rate_limited: {
    status: 429,
    title: 'Rate limited',
    detail: 'Too many requests. Nothing was done; the same request may be made later, with the same key.',
    retryAfterSeconds: 1,
  },
  internal: {
    status: 500,
    title: 'Internal error',
    detail: 'Something is wrong on our side. Retry with the same key.',
  },
  contention: {
    status: 503,
    title: 'Contention',
    detail: 'Too many requests for one account at once. Nothing was decided; retry with the same key.',
    retryAfterSeconds: 1,
  },
  unavailable: {
    status: 503,
    title: 'Unavailable',
    detail: 'The store could not be reached. Nothing was decided; retry with the same key.',
    retryAfterSeconds: 1,
  },
  outcome_unknown: {
    status: 503,
    title: 'Outcome unknown',
    detail: 'The request may have taken effect. Retry with the same key, only: it finds out.',
    retryAfterSeconds: 1,
  },
} as const satisfies Record<ProblemCode, ProblemKind>;

/** One fault of a request. The pointer is an RFC 6901 JSON Pointer into the part of the request that `in` names. */
export interface Fault {
  readonly in: 'body' | 'query' | 'path' | 'header';
  readonly pointer: string;
  readonly detail: string;
}

/** Texts that a problem carries beyond the common members, where they apply, and what they say. No answer has others. */
export const problemMembers = {
  transactionId: 'With a decline or a failure: the transaction that was rejected or has failed.',
  index: 'Of a batch: the transaction that it is about, counted from 0.',
  account: 'The account that it is about.',
  asset: 'The asset that it is about.',
  available: 'With `insufficient_funds`: what the source had; with `exceeds_remaining`: what remains.',
  required: 'With `insufficient_funds`: what the posting needed; with `exceeds_remaining`: what was asked for.',
  window: 'With `limit_exceeded`: `hour` or `day`.',
  measure: 'With `limit_exceeded`: what is limited, `amount` or `count`.',
  limit: 'With `limit_exceeded`: the limit.',
  used: 'With `limit_exceeded`: what was used up in the window before.',
  version: 'Of fee schedules: the latest version.',
  effectiveAt: 'Of fee schedules: when the latest version takes effect.',
} as const;

export type ProblemExtensions = Readonly<
  Partial<Record<keyof typeof problemMembers, string>> & { readonly errors?: readonly Fault[] }
>;

/** A request that ends in a problem. It is thrown by the middlewares and rendered in one place. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly code: ProblemCode;
  readonly extensions: ProblemExtensions;
  readonly headers: Readonly<Record<string, string>>;
  /** The path of what it is about, without stage or base path, where that is not the request's own. */
  readonly instance: string | undefined;

  constructor(
    code: ProblemCode,
    detail: string = problems[code].detail,
    extensions: ProblemExtensions = {},
    headers: Readonly<Record<string, string>> = {},
    instance?: string,
  ) {
    super(detail);
    this.code = code;
    this.extensions = extensions;
    this.headers = headers;
    this.instance = instance;
  }
}

/** A request with faults, all of them. */
export function invalidRequest(faults: readonly Fault[]): HttpProblem {
  return new HttpProblem('invalid_request', undefined, { errors: faults });
}

/** The stable name of a kind of problem. It is a name, not an address. */
export function problemType(code: ProblemCode): string {
  return `urn:florin:problem:${code}`;
}

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The path of what it is about: the declined transaction's, else the request's. Never an id of this very request. */
  readonly instance: string;
  readonly code: ProblemCode;
  readonly [extension: string]: unknown;
}

/** Renders a problem as RFC 9457 says. Two calls with equal arguments give equal bytes. */
export function problemBody(
  code: ProblemCode,
  detail: string,
  instance: string,
  extensions: ProblemExtensions = {},
): ProblemBody {
  const { status, title } = problems[code];
  return { type: problemType(code), title, status, detail, instance, code, ...extensions };
}

/** `Retry-After` where the client may simply repeat the request. */
export function retryHeaders(code: ProblemCode): Record<string, string> {
  const kind: ProblemKind = problems[code];
  return kind.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(kind.retryAfterSeconds) };
}
