import { describe, expect, it } from '@jest/globals';
import { queueNames } from '../../infra/queue-list.ts';
import { deadLettersNameOf, streamFailuresNameOf } from '../../infra/queue-name.ts';
import { InvariantViolation } from '../../lib/ledger/index.ts';
import { deadLetterSources } from '../../lib/platform/dead-letter.ts';
import { deadLetterRowOf } from '../../lib/platform/dead-letter-item.ts';
import { sourceOfDeadLetters } from '../../lib/platform/dead-letter-queue.ts';
import { letterOfMessage } from '../../lib/platform/dead-message.ts';
import { queueRecord, sentAt } from './platform-fixture.ts';

const arn = (name: string) => `arn:aws:sqs:eu-central-1:000000000000:${name}`;
const now = sentAt + 60_000;

describe('sourceOfDeadLetters', () => {
  it.each([
    ['florin-prod-lines-dead-letters.fifo', 'lines'],
    ['florin-my-lines-journal-dead-letters.fifo', 'journal'],
    ['florin-prod-publication-dead-letters.fifo', 'publication'],
    ['florin-prod-webhook-events-dead-letters.fifo', 'webhook_events'],
    ['florin-prod-deliveries-dead-letters', 'deliveries'],
    ['florin-prod-balance-events-dead-letters.fifo', 'balance_events'],
    ['florin-prod-stream-failures', 'ledger_stream'],
  ])('of %s is %s', (name, source) => expect(sourceOfDeadLetters(arn(name))).toBe(source));

  it.each(['florin-prod-lines.fifo', 'lines-dead-letters-copy', 'florin-prod-other-dead-letters'])(
    'is none of %s',
    (name) => {
      expect(() => sourceOfDeadLetters(arn(name))).toThrow(InvariantViolation);
    },
  );
});

describe('the queues of dead letters of a stage', () => {
  it('are of one source each, and every source has one', () => {
    const names = [
      ...queueNames.map((queue) => deadLettersNameOf('my-stage', queue)),
      streamFailuresNameOf('my-stage'),
    ];
    const sources = names.map((name) => sourceOfDeadLetters(arn(name)));
    expect(sources.toSorted()).toEqual(Object.keys(deadLetterSources).toSorted());
  });
});

describe('letterOfMessage', () => {
  it('keeps the message as it was, and whom it is about', () => {
    const record = queueRecord('m-1', { tenant: 'default', account: 'alice' });
    expect(letterOfMessage(record, now)).toEqual({
      id: expect.stringMatching(/^dl_1700000000000[a-z2-7]{26}$/),
      tenant: 'default',
      kind: 'message',
      source: 'lines',
      status: 'open',
      attempts: 5,
      firstFailureAt: sentAt,
      lastFailureAt: now,
      cause: { correlationId: 'c-1' },
      account: 'alice',
      message: {
        id: 'm-1',
        body: record.body,
        attributes: record.attributes,
        messageAttributes: {
          correlationId: { type: 'String', value: 'c-1' },
          bytes: { type: 'Binary', value: 'AAEC' },
        },
      },
    });
  });

  it('has one id however often the message comes, and another for each message', () => {
    const again = queueRecord('m-1', '{}', { receiptHandle: 'another' });
    expect(letterOfMessage(again, now + 1).id).toBe(letterOfMessage(queueRecord('m-1', '{}'), now).id);
    expect(letterOfMessage(queueRecord('m-2', '{}'), now).id).not.toBe(letterOfMessage(again, now).id);
  });

  it.each([
    'no json',
    '[]',
    '7',
    'null',
    '{"tenant":7}',
    '{"tenant":"T#x","account":"#"}',
    `{"tenant":"${'t'.repeat(65)}"}`,
  ])('takes %s, and says of nobody that it is theirs', (body) => {
    const letter = letterOfMessage(queueRecord('m-1', body), now);
    expect([letter.tenant, letter.account, letter.message.body]).toEqual([undefined, undefined, body]);
  });

  it('cuts what would not fit an item, between characters, and says so', () => {
    const record = queueRecord('m-1', 'ü'.repeat(500_000));
    const attributes = Object.fromEntries(
      [0, 1, 2, 3, 4, 5, 6].map((n) => [`a${n}`, { dataType: 'String', stringValue: 'x'.repeat(10_000) }]),
    );
    const letter = letterOfMessage({ ...record, messageAttributes: attributes }, now);
    expect(letter.message).toMatchObject({ body: 'ü'.repeat(150_000), messageAttributes: {}, isCut: true });
    expect(Buffer.byteLength(JSON.stringify(deadLetterRowOf(letter)))).toBeLessThan(400 * 1_024);
    const almost = letterOfMessage(queueRecord('m-1', 'x'.repeat(300_000)), now);
    expect(almost.message).not.toHaveProperty('isCut');
  });

  it('says what a topic says of an event that it could not put into a queue', () => {
    const messageAttributes = {
      ErrorCode: { dataType: 'String', stringValue: 'KMSDisabled' },
      ErrorMessage: { dataType: 'String', stringValue: 'no key' },
    };
    expect(letterOfMessage(queueRecord('m-1', '{}', { messageAttributes }), now).failure).toEqual({
      errorClass: 'KMSDisabled',
      errorMessage: 'no key',
    });
  });

  describe('of stream records', () => {
    const eventSourceARN = arn('florin-test-stream-failures');
    /** As the Lambda Developer Guide shows it. */
    const failure = {
      requestContext: {
        requestId: '316aa6d0-8154-xmpl-9af7-85d5f4a6bc81',
        functionArn: 'arn:aws:lambda:us-east-2:123456789012:function:myfunction',
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: 6,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      version: '1.0',
      timestamp: '2019-11-14T00:13:49.717Z',
      DDBStreamBatchInfo: {
        shardId: 'shardId-00000001573689847184-864758bb',
        startSequenceNumber: '800000000003126276362',
        endSequenceNumber: '800000000003126276362',
        approximateArrivalOfFirstRecord: '2019-11-14T00:13:19Z',
        approximateArrivalOfLastRecord: '2019-11-14T00:13:19Z',
        batchSize: 1,
        streamArn: 'arn:aws:dynamodb:us-east-2:123456789012:table/mytable/stream/2019-11-14T00:04:06.388',
      },
    };

    it('says how often Lambda tried, since when, and why it gave up', () => {
      expect(letterOfMessage(queueRecord('m-1', failure, { eventSourceARN }), now)).toMatchObject({
        source: 'ledger_stream',
        tenant: undefined,
        attempts: 6,
        firstFailureAt: Date.parse('2019-11-14T00:13:19Z'),
        failure: { errorClass: 'RetryAttemptsExhausted', errorMessage: 'function error: Unhandled' },
      });
    });

    it('keeps one of another form too', () => {
      const letter = letterOfMessage(queueRecord('m-1', { version: '2.0' }, { eventSourceARN }), now);
      expect(letter).toMatchObject({ source: 'ledger_stream', attempts: 1, firstFailureAt: sentAt });
    });
  });
});
