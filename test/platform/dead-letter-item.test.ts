import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from '@jest/globals';
import type { FailedHead } from '../../lib/dynamodb/index.ts';
import { InvariantViolation, LedgerError, type TransactionId } from '../../lib/ledger/index.ts';
import { deadLetterIdPattern } from '../../lib/platform/dead-letter-id.ts';
import { deadLetterItem, parseDeadLetter } from '../../lib/platform/dead-letter-item.ts';
import { account, tenant } from '../support/ledger-fixture.ts';

const failed: FailedHead = {
  tenant,
  transactionId: `tx_${'a'.repeat(52)}` as TransactionId,
  account: account('alice'),
  error: new InvariantViolation('damaged item', { cause: new TypeError('no number') }),
  attempts: 5,
  firstFailureAt: 1_700_000_000_000,
  lastFailureAt: 1_700_000_060_000,
  cause: { correlationId: 'c-1' },
};

/** As the row comes back from DynamoDB: numbers as bigint. */
function stored(row: Record<string, unknown>) {
  return unmarshall(marshall(row, { removeUndefinedValues: true }), { wrapNumbers: BigInt });
}

describe('deadLetterItem', () => {
  it('keeps which transaction failed, of whose line, how often, when and by what', () => {
    const letter = parseDeadLetter(stored(deadLetterItem(failed)));
    const { error: _, ...kept } = failed;
    expect(letter).toEqual({
      ...kept,
      id: expect.stringMatching(deadLetterIdPattern),
      kind: 'transaction',
      source: 'lines',
      status: 'open',
      failure: { errorClass: 'InvariantViolation', errorMessage: 'damaged item < TypeError: no number' },
    });
    expect(letter.id.slice(3, 16)).toBe('1700000060000');
  });

  it('is one item for one transaction, and another for another', () => {
    const other = { ...failed, transactionId: `tx_${'b'.repeat(52)}` as TransactionId };
    expect(deadLetterItem(failed).SK).toBe(deadLetterItem({ ...failed, attempts: 6 }).SK);
    expect(deadLetterItem(failed).SK).not.toBe(deadLetterItem(other).SK);
  });

  it('keeps no secrets of an error and no more than a kilobyte', () => {
    const error = new LedgerError('unavailable', `whsec_abc+/= flk_dev_xyz Bearer t.o-k/en ${'ü'.repeat(2_000)}`);
    const { errorMessage = '' } = parseDeadLetter(stored(deadLetterItem({ ...failed, error }))).failure ?? {};
    expect(errorMessage).toMatch(/^whsec_… flk_… Bearer … ü+$/);
    expect(Buffer.byteLength(errorMessage)).toBeLessThanOrEqual(1_024);
  });

  it('is text that DynamoDB takes, also where an error quotes half of a character', () => {
    const error = new Error(`Unexpected token '\ud83d'`);
    error.name = `${'x'.repeat(127)}😀`;
    const { errorClass = '', errorMessage = '' } =
      parseDeadLetter(stored(deadLetterItem({ ...failed, error }))).failure ?? {};
    expect(errorMessage).toBe(`Unexpected token '\ufffd'`);
    expect(errorClass).toBe(`${'x'.repeat(127)}\ufffd`);
  });

  it('says that something else than an error was thrown', () => {
    const letter = parseDeadLetter(stored(deadLetterItem({ ...failed, error: 'text' })));
    expect(letter.failure).toEqual({ errorClass: 'string', errorMessage: 'something that is no Error was thrown' });
  });
});
