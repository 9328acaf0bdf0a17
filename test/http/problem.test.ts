import { describe, expect, it } from '@jest/globals';
import { HttpProblem, type ProblemCode, problemBody, problems, retryHeaders } from '../../lib/http/problem.ts';
import { declineReasons, refusalCodes } from '../../lib/ledger/index.ts';

/** The contract: clients rely on these, so they are written out here a second time on purpose. */
const contract: Record<ProblemCode, number> = {
  invalid_request: 400,
  idempotency_key_missing: 400,
  invalid_cursor: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  already_exists: 409,
  in_progress: 409,
  hold_not_open: 409,
  dead_letter_not_open: 409,
  client_revoked: 409,
  not_reprocessable: 409,
  webhook_disabled: 409,
  already_reversed: 409,
  balance_conflict: 409,
  too_large: 413,
  headers_too_large: 431,
  unsupported_media_type: 415,
  idempotency_key_reused: 422,
  exceeds_remaining: 422,
  insufficient_funds: 422,
  account_frozen: 422,
  account_closed: 422,
  limit_exceeded: 422,
  account_not_found: 422,
  asset_not_found: 422,
  same_account: 422,
  rate_limited: 429,
  internal: 500,
  contention: 503,
  unavailable: 503,
  outcome_unknown: 503,
  transaction_failed: 422,
};

describe('problems', () => {
  it('has the status of the contract for every code', () => {
    const statuses = Object.fromEntries(Object.entries(problems).map(([code, { status }]) => [code, status]));
    expect(statuses).toEqual(contract);
  });

  it('has every decline and refusal of the ledger', () => {
    expect(Object.keys(problems)).toEqual(expect.arrayContaining([...declineReasons, ...refusalCodes]));
  });

  it('tells when to retry for everything that is worth it: all of 429 and 503', () => {
    const waiting = (Object.keys(problems) as ProblemCode[]).filter((code) => 'Retry-After' in retryHeaders(code));
    expect(waiting.sort()).toEqual(['contention', 'in_progress', 'outcome_unknown', 'rate_limited', 'unavailable']);
  });
});

describe('problemBody', () => {
  it('has the members of RFC 9457 in one order, then those of the code', () => {
    const body = problemBody('insufficient_funds', 'No.', '/v1/transactions/tx_1', { account: 'alice' });
    expect(JSON.stringify(body)).toBe(
      '{"type":"urn:florin:problem:insufficient_funds","title":"Insufficient funds","status":422,"detail":"No.","instance":"/v1/transactions/tx_1","code":"insufficient_funds","account":"alice"}',
    );
  });
});

describe('HttpProblem', () => {
  it('says what the table says when nothing better is known', () => {
    expect(new HttpProblem('unavailable').message).toBe(problems.unavailable.detail);
  });
});
