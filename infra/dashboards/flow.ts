import { Duration } from 'aws-cdk-lib';
import { GraphWidget, type IWidget, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { iteratorAge } from '../function-metrics.ts';
import { queueNames } from '../queue-list.ts';
import { queueMetric } from '../queue-metrics.ts';
import { allDeadLettersNames, plainName, queueNameOf } from '../queue-name.ts';
import { type Observed, widths } from './observed.ts';
import { searchMetrics } from './service-metrics.ts';

/**
 * What the dashboards show of the half that works by itself: behind the stream, between queues, towards webhooks. They are rows of the
 * dashboards that there are: an operator looks in one place, and each dashboard more is charged.
 */

const minute = Duration.minutes(1);
const window = Duration.minutes(5);

/** How far is what happens by itself behind? */
export function flowHealthRows({ stage }: Pick<Observed, 'stage'>): IWidget[][] {
  const longest = { statistic: Stats.MAXIMUM, period: window };
  return [
    [
      new GraphWidget({
        title: 'Oldest message, in seconds, by queue',
        left: queueNames.map((queue) =>
          queueMetric(queueNameOf(stage, queue), 'ApproximateAgeOfOldestMessage', {
            statistic: Stats.MAXIMUM,
            period: minute,
            label: plainName(queue),
          }),
        ),
        width: widths.third,
      }),
      new GraphWidget({
        title: 'Behind what happened',
        left: [
          iteratorAge(stage, 'dispatch-wake-ups', { statistic: Stats.MAXIMUM, period: minute, label: 'the stream' }),
          searchMetrics(stage, 'lineWait', { ...longest, label: 'lines' }),
          searchMetrics(stage, 'journalLag', { ...longest, label: 'journal' }),
          searchMetrics(stage, 'publicationLag', { ...longest, label: 'publication' }),
        ],
        width: widths.third,
      }),
      new GraphWidget({
        title: 'Found overdue by the sweeps',
        left: [
          searchMetrics(stage, 'oldestPending', { ...longest, label: 'oldest in a line' }),
          searchMetrics(stage, 'deliveryOverdue', { ...longest, label: 'oldest delivery' }),
        ],
        right: [
          searchMetrics(stage, 'overduePending', { ...longest, label: 'in lines' }),
          searchMetrics(stage, 'dueDeliveries', { ...longest, label: 'deliveries' }),
        ],
        width: widths.third,
      }),
    ],
    [
      new GraphWidget({
        title: 'Messages that wait, by queue',
        left: messages(stage, 'ApproximateNumberOfMessagesVisible', Stats.MAXIMUM),
        width: widths.half,
      }),
      new GraphWidget({
        title: 'Messages that are worked on, by queue',
        left: messages(stage, 'ApproximateNumberOfMessagesNotVisible', Stats.MAXIMUM),
        width: widths.half,
      }),
    ],
  ];
}

/** What came of what was accepted, and who was told of it? */
export function flowBusinessRows({ stage }: Pick<Observed, 'stage'>): IWidget[][] {
  const total = { statistic: Stats.SUM, period: window, total: true };
  return [
    [
      new GraphWidget({
        title: 'Accepted and applied',
        left: [
          searchMetrics(stage, 'accepted', { ...total, label: 'accepted' }),
          searchMetrics(stage, 'applied', { ...total, label: 'applied' }),
          searchMetrics(stage, 'appliedRejected', { ...total, label: 'of these rejected' }),
        ],
        width: widths.third,
      }),
      new GraphWidget({
        title: 'Events',
        left: [
          searchMetrics(stage, 'eventsAppended', { ...total, label: 'in the journal' }),
          searchMetrics(stage, 'eventsPublished', { ...total, label: 'published' }),
          searchMetrics(stage, 'balanceCrossings', { ...total, label: 'thresholds crossed' }),
        ],
        width: widths.third,
      }),
      new GraphWidget({
        title: 'Webhooks',
        left: [
          searchMetrics(stage, 'deliveriesMade', { ...total, label: 'deliveries' }),
          searchMetrics(stage, 'webhookAttempts', { ...total, label: 'attempts' }),
          searchMetrics(stage, 'webhookFailures', { ...total, label: 'of these failed' }),
        ],
        width: widths.third,
      }),
    ],
  ];
}

/** What was tried again, what was given up? */
export function flowErrorsRows({ stage }: Pick<Observed, 'stage'>): IWidget[][] {
  const sum = { statistic: Stats.SUM, period: window };
  const total = { ...sum, total: true };
  return [
    [
      new GraphWidget({
        title: 'Given up',
        left: [
          searchMetrics(stage, 'deadLettersKept', { ...sum, label: '' }),
          searchMetrics(stage, 'failedTransactions', { ...total, label: 'failed transactions' }),
          searchMetrics(stage, 'eventsForgotten', { ...total, label: 'events the journal was not told of' }),
          searchMetrics(stage, 'deliveriesPutOff', { ...total, label: 'deliveries put off, not signed' }),
          searchMetrics(stage, 'webhooksDisabled', { ...total, label: 'webhooks switched off' }),
        ],
        width: widths.third,
      }),
      new GraphWidget({
        title: 'Dead letters in their queues',
        left: allDeadLettersNames(stage).map((name) =>
          queueMetric(name, 'ApproximateNumberOfMessagesVisible', {
            statistic: Stats.MAXIMUM,
            period: minute,
            label: name,
          }),
        ),
        width: widths.third,
      }),
      new GraphWidget({
        title: 'Slowest attempt to deliver to a webhook',
        left: [searchMetrics(stage, 'webhookLatency', { statistic: Stats.MAXIMUM, period: window, label: 'slowest' })],
        width: widths.third,
      }),
    ],
    [
      new GraphWidget({
        title: 'Messages received, by queue',
        left: messages(stage, 'NumberOfMessagesReceived', Stats.SUM),
        width: widths.half,
      }),
      // What is received more often than it is deleted was tried again.
      new GraphWidget({
        title: 'Messages done with, by queue',
        left: messages(stage, 'NumberOfMessagesDeleted', Stats.SUM),
        width: widths.half,
      }),
    ],
  ];
}

function messages(stage: string, metricName: Parameters<typeof queueMetric>[1], statistic: string) {
  return queueNames.map((queue) =>
    queueMetric(queueNameOf(stage, queue), metricName, { statistic, period: minute, label: plainName(queue) }),
  );
}
