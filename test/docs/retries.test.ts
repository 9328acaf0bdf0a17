import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { maxReceives } from '../../lib/config/queues.ts';
import { busyErrors, faultOf, isOwnFault, requestErrors, unreachableErrors } from '../../lib/dynamodb/table/faults.ts';
import { InvariantViolation } from '../../lib/ledger/index.ts';
import { maxCommitMs, maxLineAttempts } from '../../lib/ledger/limits.ts';
import { retryDelaySeconds } from '../../lib/sqs/retry-delay.ts';
import { readDocument, tableRows } from './documents.ts';

const page = readDocument('docs/reference/retries.md');
const section = (from: string, to: string) => page.slice(page.indexOf(from), page.indexOf(to));
const rows = tableRows(section('An error is *blamed', '## Who tries again'));

/** An error of the SDK, as DynamoDB's answer with this status makes it. */
function answered(name: string, status: number): Error {
  const $metadata = { httpStatusCode: status };
  return Object.assign(new Error(name), { name, $metadata, $fault: status < 500 ? 'client' : 'server' });
}

const message = 'as DynamoDB says it';
/** The errors that have to be in the table, each as it comes about. */
const errors: ReadonlyMap<string, Error> = new Map<string, Error>([
  ...[...busyErrors, ...requestErrors].map((name) => [name, answered(name, 400)] as const),
  ...[...unreachableErrors, 'ECONNRESET'].map((code) => [code, Object.assign(new Error(code), { code })] as const),
  ['TimeoutError', Object.assign(new Error('late'), { name: 'TimeoutError' })],
  ['InternalServerError', answered('InternalServerError', 500)],
  ['ConditionalCheckFailedException', new ConditionalCheckFailedException({ message, $metadata: {} })],
  ['TransactionCanceledException', new TransactionCanceledException({ message, $metadata: {} })],
  ['AccessDeniedException', answered('AccessDeniedException', 400)],
  ['ResourceNotFoundException', answered('ResourceNotFoundException', 400)],
  ['CredentialsProviderError', Object.assign(new Error('none'), { name: 'CredentialsProviderError' })],
  ['TypeError', new TypeError('a bug')],
  ['RangeError', new RangeError('a bug')],
  ['ReferenceError', new ReferenceError('a bug')],
  ['InvariantViolation', new InvariantViolation('damage')],
]);

describe('the page of retries', () => {
  it('has each error once, with its effect and whether it is blamed on the transaction', () => {
    const documented = rows.map((row) => row.join(' ')).toSorted();
    const actual = [...errors].map(
      ([name, error]) => `\`${name}\` \`${faultOf(error).kind}\` ${isOwnFault(error) ? 'yes' : 'no'}`,
    );
    expect(documented).toEqual(actual.toSorted());
  });

  it('explains every effect that there is', () => {
    const effects = tableRows(section('## Errors', 'An error is *blamed')).flatMap(([names = '']) => names.split(', '));
    const found = new Set([...errors.values()].map((error) => `\`${faultOf(error).kind}\``));
    expect(effects.toSorted()).toEqual([...found].toSorted());
  });

  it('says how often and how long', () => {
    const who = tableRows(page.slice(page.indexOf('## Who tries again')));
    const row = (name: string) => who.find(([first]) => first === name) ?? [];
    expect(row('a request that moves money')[1]).toContain(`${maxCommitMs / 1_000} s`);
    expect(row('the head of a line that fails by itself')[1]).toBe(`${maxLineAttempts} times, alone`);
    expect(row('a message of a queue')[1]).toBe(`${maxReceives} receives`);
    const spans = [1, 2, 3, 4].map((receive) =>
      [0, 1].map((random) => retryDelaySeconds(receive, random)).join(' to '),
    );
    expect(row('a message of a queue')[2]).toBe(`${spans.join(', ')} s: equal jitter, by visibility`);
  });
});
