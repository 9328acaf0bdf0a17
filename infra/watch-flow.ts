import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, MathExpression, type Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { MetricId, metrics } from '../lib/observability/metric-names.ts';
import { type DeadLetterSource, deadLetterSources } from '../lib/platform/dead-letter.ts';
import type { AlarmCondition, Alarms } from './alarms.ts';
import { postedByType } from './dashboards/money-metrics.ts';
import { serviceMetric } from './dashboards/service-metrics.ts';
import { functionMetric, iteratorAge } from './function-metrics.ts';
import { type QueueName, queueList, queueNames } from './queue-list.ts';
import { queueMetric } from './queue-metrics.ts';
import { allDeadLettersNames, plainName, queueNameOf } from './queue-name.ts';
import { serviceNameOf } from './service-name.ts';
import { type Worker, type WorkerNeeds, workers } from './workers.ts';

const minute = Duration.minutes(1);

/** CloudWatch looks every minute at the last five, so a long period takes away noise and no time. */
const WINDOW = Duration.minutes(5);

const atLeast = ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD;

/** Raises the alarms on what goes between functions, and on the workers that nobody calls. */
export function watchFlow(alarms: Alarms, stage: string): void {
  watchSchedules(alarms, stage);
  watchStream(alarms, stage);
  watchQueues(alarms, stage);
  watchDeadLetters(alarms, stage);
  watchLines(alarms, stage);
  watchJournal(alarms, stage);
  watchWebhooks(alarms, stage);
}

/** A worker that is not woken any more has no errors: only its silence tells. */
function watchSchedules(alarms: Alarms, stage: string): void {
  for (const [worker, { wokenBy }] of Object.entries<WorkerNeeds>(workers) as [Worker, WorkerNeeds][]) {
    if (wokenBy.by !== 'schedule') continue;
    alarms.raise('workerSilent', {
      of: worker,
      metric: functionMetric(stage, worker, 'Invocations', { statistic: Stats.SUM, period: Duration.minutes(15) }),
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.BREACHING,
    });
  }
}

function watchStream(alarms: Alarms, stage: string): void {
  const dispatcher: Worker = 'dispatch-wake-ups';
  const age = iteratorAge(stage, dispatcher, { statistic: Stats.MAXIMUM, period: minute });
  alarms.raise('streamBehind', {
    metric: age,
    threshold: Duration.hours(1).toMilliseconds(),
    evaluationPeriods: 1,
  });
  alarms.raise('streamLag', { metric: age, threshold: minute.toMilliseconds(), evaluationPeriods: 5 });
  // A mapping that was switched off, or may not read the stream, calls nothing and so has no age.
  const posted = postedByType(stage, WINDOW);
  alarms.raise('streamSilent', {
    metric: new MathExpression({
      label: 'posted, and nothing out of the stream',
      expression: 'IF(FILL(SUM(METRICS("posted")), 0) >= 1 AND FILL(dispatched, 0) < 1, 1, 0)',
      usingMetrics: {
        ...Object.fromEntries(posted.map((metric, index) => [`posted${index}`, metric])),
        dispatched: functionMetric(stage, dispatcher, 'Invocations', { statistic: Stats.SUM, period: WINDOW }),
      },
      period: WINDOW,
    }),
    threshold: 1,
    comparisonOperator: atLeast,
    evaluationPeriods: 3,
  });
}

/**
 * How old a message may become, in minutes. Its five receives with their pauses take about five minutes; what waits
 * behind others in its group may take longer. A delivery may have been put off for a quarter of an hour on purpose.
 */
const OLDEST_MINUTES: Readonly<Record<(typeof queueList)[QueueName]['kind'], number>> = { fifo: 10, standard: 25 };

function watchQueues(alarms: Alarms, stage: string): void {
  for (const queue of queueNames) {
    alarms.raise('queueAge', {
      of: plainName(queue),
      metric: queueMetric(queueNameOf(stage, queue), 'ApproximateAgeOfOldestMessage', {
        statistic: Stats.MAXIMUM,
        period: minute,
      }),
      threshold: Duration.minutes(OLDEST_MINUTES[queueList[queue].kind]).toSeconds(),
      evaluationPeriods: 3,
    });
  }
}

function watchDeadLetters(alarms: Alarms, stage: string): void {
  const waiting = allDeadLettersNames(stage).map((name) =>
    queueMetric(name, 'ApproximateNumberOfMessagesVisible', { statistic: Stats.MAXIMUM, period: minute }),
  );
  alarms.raise('deadLettersWaiting', {
    metric: sumOf(waiting, 'dead letters in their queues', minute),
    threshold: 1,
    comparisonOperator: atLeast,
    evaluationPeriods: 5,
  });
  const sources = Object.keys(deadLetterSources) as DeadLetterSource[];
  const kept = sources.map((source) =>
    serviceMetric(
      stage,
      'deadLettersKept',
      { service: serviceNameOf('keep-dead-letters'), source },
      { statistic: Stats.SUM, period: WINDOW },
    ),
  );
  alarms.raise('deadLetters', {
    metric: sumOf(kept, 'dead letters kept', WINDOW),
    threshold: 1,
    comparisonOperator: atLeast,
    evaluationPeriods: 1,
  });
}

function watchLines(alarms: Alarms, stage: string): void {
  alarms.raise('failedTransactions', {
    metric: measured(stage, 'failedTransactions', 'process-transfers', Stats.SUM),
    threshold: 1,
    comparisonOperator: atLeast,
    evaluationPeriods: 1,
  });
  alarms.raise('linesWaiting', lateness(stage, 'oldestPending', 'wake-pending-transfers', Duration.minutes(5)));
}

function watchJournal(alarms: Alarms, stage: string): void {
  alarms.raise('journalLag', lateness(stage, 'journalLag', 'append-journal', Duration.minutes(5)));
  alarms.raise('journalForgotten', {
    metric: measured(stage, 'eventsForgotten', 'append-journal', Stats.SUM),
    threshold: 1,
    comparisonOperator: atLeast,
    evaluationPeriods: 1,
  });
  alarms.raise('publicationLag', lateness(stage, 'publicationLag', 'publish-events', Duration.minutes(5)));
}

function watchWebhooks(alarms: Alarms, stage: string): void {
  alarms.raise('deliveriesLate', lateness(stage, 'deliveryOverdue', 'wake-due-deliveries', Duration.minutes(15)));
  alarms.raise('secretsUnopened', {
    metric: serviceMetric(
      stage,
      'deliveriesPutOff',
      { service: serviceNameOf('deliver-webhooks') },
      // The longest time for which one is put off.
      { statistic: Stats.SUM, period: Duration.minutes(15) },
    ),
    threshold: 1,
    comparisonOperator: atLeast,
    evaluationPeriods: 1,
  });
  alarms.raise('webhooksFailing', {
    metric: new MathExpression({
      label: 'failed attempts, in percent',
      // Of few attempts a percentage says nothing.
      expression: 'IF(attempts >= 20, 100 * failures / attempts, 0)',
      usingMetrics: {
        attempts: measured(stage, 'webhookAttempts', 'deliver-webhooks', Stats.SUM),
        failures: measured(stage, 'webhookFailures', 'deliver-webhooks', Stats.SUM),
      },
      period: WINDOW,
    }),
    threshold: 90,
    evaluationPeriods: 3,
  });
}

/** Metrics that have no dimension but the function. */
type PlainMetricId = {
  [Id in MetricId]: (typeof metrics)[Id]['dimensions'] extends readonly [] ? Id : never;
}[MetricId];

function measured(stage: string, id: PlainMetricId, worker: Worker, statistic: string): Metric {
  return serviceMetric(stage, id, { service: serviceNameOf(worker) }, { statistic, period: WINDOW });
}

/** The condition that something is later than this, in two windows one after the other: one may be a restart or a burst. */
function lateness(stage: string, id: PlainMetricId, worker: Worker, than: Duration): AlarmCondition {
  return {
    metric: measured(stage, id, worker, Stats.MAXIMUM),
    threshold: than.toMilliseconds(),
    evaluationPeriods: 2,
  };
}

function sumOf(metrics: readonly Metric[], label: string, period: Duration): MathExpression {
  return new MathExpression({
    label,
    // A sum of series passes over those without a value.
    expression: 'SUM(METRICS())',
    usingMetrics: Object.fromEntries(metrics.map((metric, index) => [`m${index}`, metric])),
    period,
  });
}
