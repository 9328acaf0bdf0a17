import { ownAccountInPath } from './owner-access.ts';
import {
  checksAnswer,
  exportAnswer,
  exportQuery,
  statementAnswer,
  statementQuery,
  trialBalanceAnswer,
  trialBalanceQuery,
} from './report-schemas.ts';
import { accountPath, nothing } from './requests.ts';
import type { Route } from './route.ts';

const otherFormats = ['text/csv', 'application/jsonl'] as const;
const pageHeaders = ['X-Next-Cursor', 'X-Period-End'] as const;

/** What is told of a ledger over a period or as of an instant. */
export const reportRoutes = [
  {
    method: 'GET',
    path: '/v1/accounts/{accountId}/statements',
    operationId: 'getStatement',
    area: 'reports',
    scope: 'accounts:read',
    owners: ownAccountInPath,
    tag: 'Reports',
    summary: 'What moved a balance in a period, from what to what',
    description:
      'As JSON, CSV or JSON Lines, by `format` or the `Accept` header. The pages of CSV and of JSON Lines, one after the other, are one file: the cursor is in `X-Next-Cursor`.',
    params: accountPath,
    query: statementQuery,
    answers: {
      200: { description: 'A page.', schema: statementAnswer, otherMediaTypes: otherFormats, headers: pageHeaders },
    },
    problems: ['not_found', 'invalid_cursor'],
  },
  {
    method: 'GET',
    path: '/v1/entries',
    operationId: 'exportEntries',
    area: 'reports',
    scope: 'reports:read',
    tag: 'Reports',
    summary: 'Export the entries of all accounts',
    description:
      'Account by account, as JSON, CSV or JSON Lines. A page may have few entries or none and still name a next one: go on until there is none.',
    params: nothing,
    query: exportQuery,
    answers: {
      200: { description: 'A page.', schema: exportAnswer, otherMediaTypes: otherFormats, headers: pageHeaders },
    },
    problems: ['invalid_cursor', 'contention', 'outcome_unknown'],
  },
  {
    method: 'GET',
    path: '/v1/admin/trial-balance',
    operationId: 'getTrialBalance',
    area: 'reports',
    scope: 'reports:read',
    tag: 'Reports',
    summary: 'Add up the balances of all accounts at an instant',
    description:
      'The sum of each asset must be zero. A request adds about a thousand balances; where there are more, `nextCursor` goes on with the sums so far.',
    params: nothing,
    query: trialBalanceQuery,
    answers: { 200: { description: 'The sums so far.', schema: trialBalanceAnswer } },
    problems: ['invalid_cursor'],
  },
  {
    method: 'GET',
    path: '/v1/admin/checks',
    operationId: 'getChecks',
    area: 'reports',
    scope: 'reports:read',
    tag: 'Reports',
    summary: 'Tell what the self-audit found',
    params: nothing,
    query: nothing,
    answers: { 200: { description: 'How far it has got, and what is damaged.', schema: checksAnswer } },
    problems: [],
  },
] as const satisfies readonly Route[];
