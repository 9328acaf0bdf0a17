import { accountAnswer, holdAnswer } from './answers.ts';
import { transactionAnswer } from './line-schemas.ts';
import { accountRedactionBody, redactionBody } from './privacy-schemas.ts';
import { accountPath, holdPath, nothing, transactionPath } from './requests.ts';
import type { Route } from './route.ts';

const common = { method: 'POST', area: 'privacy', scope: 'privacy:write', tag: 'Privacy', query: nothing } as const;
const forGood = 'Removed for good; all hashes verify as before. Redacted already, it is answered as it is.';

/** The removal of personal data. */
export const privacyRoutes = [
  {
    ...common,
    path: '/v1/transactions/{transactionId}/redaction',
    operationId: 'redactTransaction',
    summary: 'Remove description and metadata of a transaction',
    description: `${forGood} Of a batch, all its transactions. One that still waits in a line is refused with \`in_progress\`.`,
    params: transactionPath,
    body: redactionBody,
    answers: {
      200: { description: 'Redacted.', schema: transactionAnswer, headers: ['Idempotent-Replayed'] },
    },
    problems: ['not_found', 'in_progress', 'contention', 'outcome_unknown'],
  },
  {
    ...common,
    path: '/v1/holds/{holdId}/redaction',
    operationId: 'redactHold',
    summary: 'Remove description and metadata of a hold',
    description: `${forGood} Its captures are transactions with details of their own.`,
    params: holdPath,
    body: redactionBody,
    answers: { 200: { description: 'Redacted.', schema: holdAnswer, headers: ['ETag', 'Idempotent-Replayed'] } },
    problems: ['not_found', 'in_progress', 'contention', 'outcome_unknown'],
  },
  {
    ...common,
    path: '/v1/accounts/{accountId}/redaction',
    operationId: 'redactAccount',
    summary: 'Remove the metadata of an account, and its owner',
    description:
      'Of the account and of all changes it has had so far; all hashes verify as before. Metadata may be set again, and redacted again.',
    params: accountPath,
    body: accountRedactionBody,
    answers: { 200: { description: 'Redacted.', schema: accountAnswer, headers: ['ETag', 'Idempotent-Replayed'] } },
    problems: ['not_found', 'in_progress', 'contention', 'outcome_unknown'],
  },
] as const satisfies readonly Route[];
