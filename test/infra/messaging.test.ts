import { beforeAll, describe, expect, it } from '@jest/globals';
import { balanceEventTypes } from '../../infra/balance-event-types.ts';
import { queueList, queueNames } from '../../infra/queue-list.ts';
import { deadLettersNameOf, queueNameOf } from '../../infra/queue-name.ts';
import { maxReceives } from '../../lib/config/queues.ts';
import { type EventId, eventTypes } from '../../lib/ledger/index.ts';
import { touchedBy } from '../../lib/platform/touched-balances.ts';
import { type CloudFormationTemplate, type NamedResource, propertyOf, resourcesOf } from './cloudformation-template.ts';
import { synthesise } from './synthesise.ts';

let template: CloudFormationTemplate;
beforeAll(async () => {
  template = (await synthesise()).work;
}, 300_000);

const queues = () => resourcesOf(template, 'AWS::SQS::Queue');

function queueNamed(name: string): NamedResource {
  const found = queues().find((queue) => propertyOf(queue, 'QueueName') === name);
  if (found === undefined) throw new Error(`There is no queue ${name}`);
  return found;
}

const subscriptionTo = (queue: NamedResource) =>
  resourcesOf(template, 'AWS::SNS::Subscription').find(
    (each) =>
      JSON.stringify(propertyOf(each, 'Endpoint')) === JSON.stringify({ 'Fn::GetAtt': [queue.logicalId, 'Arn'] }),
  );

const days = (count: number) => count * 24 * 3600;

describe('Messaging', () => {
  it('has the queues of the list with their dead letters, and one for the stream', () => {
    const expected = queueNames.flatMap((name) => [queueNameOf('test', name), deadLettersNameOf('test', name)]);
    expect(
      queues()
        .map((queue) => propertyOf(queue, 'QueueName'))
        .sort(),
    ).toEqual([...expected, 'florin-test-stream-failures'].sort());
  });

  it('encrypts every queue, and lets nobody in without TLS', () => {
    const policies = JSON.stringify(
      resourcesOf(template, 'AWS::SQS::QueuePolicy').map((policy) => [
        propertyOf(policy, 'Queues'),
        propertyOf(policy, 'PolicyDocument.Statement.0'),
      ]),
    );
    for (const { logicalId, ...queue } of queues()) {
      expect(propertyOf(queue, 'SqsManagedSseEnabled')).toBe(true);
      expect(policies).toContain(
        `[[{"Ref":"${logicalId}"}],{"Action":"sqs:*","Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny"`,
      );
    }
  });

  it.each(queueNames)('gives up a message of %s after five receives, to dead letters of its own', (name) => {
    const queue = queueNamed(queueNameOf('test', name));
    const deadLetters = queueNamed(deadLettersNameOf('test', name));
    expect(propertyOf(queue, 'RedrivePolicy')).toEqual({
      deadLetterTargetArn: { 'Fn::GetAtt': [deadLetters.logicalId, 'Arn'] },
      maxReceiveCount: maxReceives,
    });
    const allowed = propertyOf(deadLetters, 'RedriveAllowPolicy') as { readonly sourceQueueArns: readonly unknown[] };
    expect(allowed).toMatchObject({ redrivePermission: 'byQueue', sourceQueueArns: [expect.anything()] });
    // Its own name, and no reference: the queue refers to its dead letters already.
    expect(JSON.stringify(allowed.sourceQueueArns[0])).toContain(`:${queueNameOf('test', name)}"`);
    expect(propertyOf(deadLetters, 'MessageRetentionPeriod')).toBe(days(14));
    expect(propertyOf(queue, 'VisibilityTimeout')).toBe(6 * queueList[name].workSeconds);
  });

  it('has FIFO queues serve each group by itself', () => {
    const fifo = queues().filter((queue) => propertyOf(queue, 'FifoQueue') === true);
    expect(fifo.length).toBe(2 * queueNames.filter((name) => queueList[name].kind === 'fifo').length);
    for (const queue of fifo) {
      expect(queue.Properties).toMatchObject({
        DeduplicationScope: 'messageGroup',
        FifoThroughputLimit: 'perMessageGroupId',
      });
    }
  });

  // A standard queue's dead letters keep the time of the first sending.
  it('lets a message in a standard queue go long before its dead letters forget it', () => {
    expect(propertyOf(queueNamed(queueNameOf('test', 'deliveries')), 'MessageRetentionPeriod')).toBe(days(4));
  });
});

describe('the topic of events', () => {
  const topic = () =>
    resourcesOf(template, 'AWS::SNS::Topic').find(({ logicalId }) => /^MessagingEvents/.test(logicalId));

  it('keeps the order of each tenant, encrypted and over TLS only', () => {
    expect(topic()?.Properties).toMatchObject({
      TopicName: 'florin-test-events.fifo',
      FifoTopic: true,
      FifoThroughputScope: 'MessageGroup',
      KmsMasterKeyId: { 'Fn::Join': ['', expect.arrayContaining([':alias/aws/sns'])] },
    });
    const policy = resourcesOf(template, 'AWS::SNS::TopicPolicy').find(({ logicalId }) =>
      /^MessagingEvents/.test(logicalId),
    );
    expect(JSON.stringify(policy?.Properties)).toContain('"aws:SecureTransport":"false"');
  });

  it.each(['webhookEvents', 'balanceEvents'] as const)(
    'tells %s as it was published, and what it cannot tell to its dead letters',
    (name) => {
      const deadLetters = queueNamed(deadLettersNameOf('test', name));
      expect(subscriptionTo(queueNamed(queueNameOf('test', name)))?.Properties).toMatchObject({
        Protocol: 'sqs',
        RawMessageDelivery: true,
        RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': [deadLetters.logicalId, 'Arn'] } },
        TopicArn: { Ref: topic()?.logicalId },
      });
    },
  );

  it('tells all of webhooks, and of balances only what may have changed one', () => {
    const filterOf = (name: 'webhookEvents' | 'balanceEvents') => {
      const subscription = subscriptionTo(queueNamed(queueNameOf('test', name)));
      return subscription && propertyOf(subscription, 'FilterPolicy');
    };
    expect(filterOf('webhookEvents')).toBeUndefined();
    expect(filterOf('balanceEvents')).toEqual({ type: [...balanceEventTypes] });
  });

  it('filters for just the events that are looked at', () => {
    const isLookedAt = (type: (typeof eventTypes)[number]) => {
      try {
        return touchedBy({ id: 'evt_x' as EventId, type, data: {} }).size > 0;
      } catch {
        // It looks for what is not in there.
        return true;
      }
    };
    expect([...balanceEventTypes].sort()).toEqual(eventTypes.filter(isLookedAt).sort());
  });
});
