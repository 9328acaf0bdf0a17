/** What a script can tell from the exit code. They do not change. */
export const exitCodes = {
  ok: 0,
  /** Something that should not happen: an answer that is not one of the API, or a bug. */
  unexpected: 1,
  /** The command line, the settings or the request is wrong; repeating it changes nothing. */
  usage: 2,
  /** The ledger declined, for good. */
  declined: 3,
  /** What was named does not exist. */
  notFound: 4,
  /** It contradicts what is there, or the idempotency key belongs to another request. */
  conflict: 5,
  /** No final answer within the time allowed. Repeat with the same idempotency key. */
  unavailable: 6,
  /** The audit found damage. */
  damaged: 7,
  /** The credentials are missing or do not allow it. */
  notAllowed: 8,
  /** The import is finished, and some lines were refused. */
  refusedLines: 9,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Codes that say more than their status does. */
const byCode: Readonly<Record<string, ExitCode>> = {
  idempotency_key_reused: exitCodes.conflict,
  account_not_found: exitCodes.notFound,
  asset_not_found: exitCodes.notFound,
  same_account: exitCodes.usage,
  in_progress: exitCodes.unavailable,
};

const byStatus: Readonly<Record<number, ExitCode>> = {
  400: exitCodes.usage,
  401: exitCodes.notAllowed,
  403: exitCodes.notAllowed,
  404: exitCodes.notFound,
  409: exitCodes.conflict,
  413: exitCodes.usage,
  415: exitCodes.usage,
  422: exitCodes.declined,
  429: exitCodes.unavailable,
  431: exitCodes.usage,
};

/** The exit code for a problem of the API. A code that is not known yet is taken for what its status says. */
export function exitCodeOf(status: number, code: string): ExitCode {
  return byCode[code] ?? byStatus[status] ?? (status >= 500 ? exitCodes.unavailable : exitCodes.unexpected);
}
