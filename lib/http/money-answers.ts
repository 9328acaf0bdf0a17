import { postedTransaction, previewAnswer } from './answers.ts';
import { pendingTransaction } from './line-schemas.ts';

export const acceptedAnswer = {
  description: 'Accepted, and to be executed in its turn: asked for by `Prefer: respond-async`, or for contention.',
  schema: pendingTransaction,
  headers: ['Location', 'Idempotent-Replayed', 'Preference-Applied'],
} as const;

export const moneyAnswers = {
  200: { description: 'Dry run: what would happen now.', schema: previewAnswer },
  201: { description: 'Posted.', schema: postedTransaction, headers: ['Location', 'Idempotent-Replayed'] },
  202: acceptedAnswer,
} as const;

/** What can become of a movement of money: declines first, then refusals and failures. */
export const moneyProblems = [
  'insufficient_funds',
  'account_frozen',
  'account_closed',
  'limit_exceeded',
  'account_not_found',
  'asset_not_found',
  'same_account',
  'transaction_failed',
  'contention',
  'outcome_unknown',
] as const;
