import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AlarmId, alarmList, anchorOf, runbookPath } from '../../infra/alarm-list.ts';
import type { Worker } from '../../infra/workers.ts';
import { countedTypes } from '../../lib/observability/metric-names.ts';
import { deadLetterSources } from '../../lib/platform/dead-letter.ts';
import { type CloudFormationTemplate, type NamedResource, propertyOf, resourcesOf } from './cloudformation-template.ts';
import { areaNames, checksAccess, functionNames, wakingOf, workerNames } from './function-list.ts';
import { ofPrimary, synthesiseWithStandby } from './standby-fixture.ts';
import { synthesise } from './synthesise.ts';

let template: CloudFormationTemplate;
let work: CloudFormationTemplate;
/** With everything that an option adds. */
let full: CloudFormationTemplate;
let headings: readonly string[];
const restore = ofPrimary();
beforeAll(async () => {
  ({ watch: template, work } = await synthesise());
  full = (await synthesiseWithStandby({ alarmEmail: 'operator@example.com' })).watch;
  const runbook = await readFile(path.join(import.meta.dirname, '../..', runbookPath), 'utf8');
  headings = [...runbook.matchAll(/^## (.+)$/gm)].map(([, heading]) => String(heading));
}, 300_000);
afterAll(restore);

const alarmsOf = (of: CloudFormationTemplate) => resourcesOf(of, 'AWS::CloudWatch::Alarm');
const topic = { Ref: expect.stringMatching(/^AlarmsTopic/) };

function alarm(name: string, of = template): NamedResource {
  const found = alarmsOf(of).find((candidate) => propertyOf(candidate, 'AlarmName') === `florin-test-${name}`);
  if (found === undefined) throw new Error(`There is no alarm ${name}`);
  return found;
}

/** The headings that the alarms' descriptions point to, by their anchors. */
const linked = () =>
  new Set(
    alarmsOf(full).map((one) => /docs\/runbook\.md#(\S+)$/.exec(String(propertyOf(one, 'AlarmDescription')))?.[1]),
  );

const isOfSchedule = (worker: Worker) => wakingOf(worker)?.by === 'schedule';

/** A part of an alarm on metric math: an expression, or a metric in it. */
interface MathPart {
  readonly Id: string;
  readonly Expression?: string;
  readonly MetricStat?: {
    readonly Metric: { readonly MetricName: string; readonly Dimensions: readonly { Name: string; Value: unknown }[] };
  };
}

describe('the alarms', () => {
  it('watch the API, each function, table, queue and schedule, and what lies between them', () => {
    const perFunction = functionNames.flatMap((name) => [`function-errors-${name}`, `function-throttles-${name}`]);
    const tables = ['ledger', 'platform', 'idempotency'].map((table) => `table-throttles-${table}`);
    const queues = ['lines', 'journal', 'publication', 'webhook-events', 'deliveries', 'balance-events'];
    const expected = [
      ...['api-error-rate', 'api-latency', 'ledger-damaged', 'holds-overdue', ...tables],
      ...queues.map((queue) => `queue-age-${queue}`),
      ...workerNames.filter(isOfSchedule).map((worker) => `worker-silent-${worker}`),
      ...['stream-behind', 'stream-lag', 'stream-silent', 'dead-letters-waiting', 'dead-letters'],
      ...['failed-transactions', 'lines-waiting', 'journal-lag', 'journal-forgotten', 'publication-lag'],
      ...['deliveries-late', 'webhooks-failing', 'secrets-unopened'],
      ...areaNames.filter(checksAccess).map((area) => `access-outages-${area}`),
    ];
    expect(alarmsOf(template).map((one) => propertyOf(one, 'AlarmName'))).toHaveLength(
      expected.length + perFunction.length,
    );
    for (const name of [...expected, ...perFunction]) expect(() => alarm(name)).not.toThrow();
  });

  it('tell one topic when they go off and when they are over, and are calm while nothing happens', () => {
    for (const { Properties } of alarmsOf(full)) {
      // Of a worker that should run by itself, nothing is not nothing.
      const isSilence = String(Properties?.AlarmName).includes('-worker-silent-');
      expect(Properties).toMatchObject({
        AlarmActions: [topic],
        OKActions: [topic],
        TreatMissingData: isSilence ? 'breaching' : 'notBreaching',
      });
      expect(Properties).not.toHaveProperty('InsufficientDataActions');
    }
  });

  it('are all on the list, and all of the list is raised', () => {
    expect([...linked()].sort()).toEqual(
      Object.values(alarmList)
        .map(({ heading }) => anchorOf(heading))
        .sort(),
    );
  });

  it('say what they mean in words of their own', () => {
    const entries = Object.keys(alarmList) as AlarmId[];
    expect(new Set(entries.map((id) => alarmList[id].meaning)).size).toBe(entries.length);
    for (const { meaning } of Object.values(alarmList)) expect(meaning).toMatch(/^[A-Z].{40,}\.$/);
  });

  it('count an error rate above 1 % only from five errors on', () => {
    const { Properties } = alarm('api-error-rate');
    expect(Properties).toMatchObject({
      Threshold: 1,
      ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: 1,
    });
    const metrics = Properties?.Metrics as readonly MathPart[];
    expect(metrics.find(({ Expression }) => Expression)?.Expression).toBe(
      'IF(errors >= 5, 100 * errors / requests, 0)',
    );
    for (const [id, name] of [
      ['errors', '5XXError'],
      ['requests', 'Count'],
    ]) {
      expect(metrics.find(({ Id }) => Id === id)?.MetricStat).toMatchObject({
        Metric: {
          Namespace: 'AWS/ApiGateway',
          MetricName: name,
          Dimensions: [
            { Name: 'ApiName', Value: 'florin-test' },
            { Name: 'Stage', Value: 'test' },
          ],
        },
        Period: 300,
        Stat: 'Sum',
      });
    }
  });

  it('look at the slowest twentieth, in milliseconds', () => {
    expect(alarm('api-latency').Properties).toMatchObject({
      MetricName: 'Latency',
      ExtendedStatistic: 'p95',
      Threshold: 1000,
      EvaluateLowSampleCountPercentile: 'ignore',
    });
  });

  it.each(['Errors', 'Throttles'])('count the %s of the alias that is called', (metric) => {
    expect(alarm(`function-${metric.toLowerCase()}-transactions`).Properties).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: metric,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      Dimensions: [
        { Name: 'FunctionName', Value: 'florin-test-transactions' },
        { Name: 'Resource', Value: 'florin-test-transactions:live' },
      ],
    });
  });

  it('add up what DynamoDB refuses of the ledger and of each of its indexes', () => {
    const parts = alarm('table-throttles-ledger').Properties?.Metrics as readonly MathPart[];
    const stats = parts.flatMap(({ MetricStat }) => (MetricStat === undefined ? [] : [MetricStat.Metric]));
    const index = (dimensions: readonly { Name: string; Value: unknown }[]) =>
      dimensions.find(({ Name }) => Name === 'GlobalSecondaryIndexName')?.Value ?? 'table';
    expect(stats.map(({ MetricName, Dimensions }) => `${MetricName} of ${index(Dimensions)}`).sort()).toEqual(
      ['table', 'accountsByTenant', 'due']
        .flatMap((place) => [`ReadThrottleEvents of ${place}`, `WriteThrottleEvents of ${place}`])
        .sort(),
    );
  });

  it('warn of the stream long before it forgets, and of its lag soon', () => {
    const age = { Namespace: 'AWS/Lambda', MetricName: 'IteratorAge', Statistic: 'Maximum', Period: 60 };
    const Dimensions = [{ Name: 'FunctionName', Value: 'florin-test-dispatch-wake-ups' }];
    expect(alarm('stream-behind').Properties).toMatchObject({ ...age, Dimensions, Threshold: 3_600_000 });
    expect(alarm('stream-lag').Properties).toMatchObject({
      ...age,
      Dimensions,
      Threshold: 60_000,
      EvaluationPeriods: 5,
    });
  });

  it('notice that nothing comes out of the stream although something was posted', () => {
    const parts = alarm('stream-silent').Properties?.Metrics as readonly MathPart[];
    expect(parts.find(({ Expression }) => Expression)?.Expression).toBe(
      'IF(FILL(SUM(METRICS("posted")), 0) >= 1 AND FILL(dispatched, 0) < 1, 1, 0)',
    );
    const posted = parts.filter(({ Id }) => Id.startsWith('posted'));
    expect(posted.map(({ MetricStat }) => MetricStat?.Metric.MetricName)).toEqual(
      countedTypes.map(() => 'Transactions'),
    );
    expect(parts.find(({ Id }) => Id === 'dispatched')?.MetricStat?.Metric).toMatchObject({
      MetricName: 'Invocations',
      Dimensions: expect.arrayContaining([{ Name: 'FunctionName', Value: 'florin-test-dispatch-wake-ups' }]),
    });
  });

  it('look at every queue of dead letters, and at dead letters of every source', () => {
    const dimension = (part: MathPart, name: string) =>
      part.MetricStat?.Metric.Dimensions.find(({ Name }) => Name === name)?.Value;
    const parts = (name: string) =>
      (propertyOf(alarm(name), 'Metrics') as readonly MathPart[]).filter(({ MetricStat }) => MetricStat !== undefined);
    const deadLetters = resourcesOf(work, 'AWS::SQS::Queue')
      .map((queue) => String(propertyOf(queue, 'QueueName')))
      .filter((name) => /-dead-letters|-stream-failures/.test(name));
    expect(
      parts('dead-letters-waiting')
        .map((part) => dimension(part, 'QueueName'))
        .sort(),
    ).toEqual(deadLetters.sort());
    expect(
      parts('dead-letters')
        .map((part) => dimension(part, 'source'))
        .sort(),
    ).toEqual(Object.keys(deadLetterSources).sort());
  });

  it.each([
    ['queue-age-lines', 'florin-test-lines.fifo', 600],
    ['queue-age-deliveries', 'florin-test-deliveries', 1500],
  ])('%s looks at the oldest message of %s', (name, queue, seconds) => {
    expect(alarm(name).Properties).toMatchObject({
      MetricName: 'ApproximateAgeOfOldestMessage',
      Dimensions: [{ Name: 'QueueName', Value: queue }],
      Threshold: seconds,
    });
  });

  it.each([
    ['lines-waiting', 'OldestPending', 'florin-wake-pending-transfers', 5],
    ['journal-lag', 'JournalLag', 'florin-append-journal', 5],
    ['publication-lag', 'PublicationLag', 'florin-publish-events', 5],
    ['deliveries-late', 'DeliveryOverdue', 'florin-wake-due-deliveries', 15],
  ])('%s looks at %s of %s, in milliseconds', (name, metric, service, minutes) => {
    expect(alarm(name).Properties).toMatchObject({
      Namespace: 'Florin/test',
      MetricName: metric,
      Dimensions: [{ Name: 'service', Value: service }],
      Threshold: minutes * 60_000,
    });
  });

  it.each([
    // As long as one delivery is put off for at the most, so that it stays on while any is.
    ['secrets-unopened', 'DeliveriesPutOff', 'florin-deliver-webhooks', { Period: 900, EvaluationPeriods: 1 }],
    ['access-outages-holds', 'AccessOutages', 'florin-holds', { Period: 300, EvaluationPeriods: 2 }],
  ])('%s goes off at the first of %s of %s', (name, metric, service, condition) => {
    expect(alarm(name).Properties).toMatchObject({
      Namespace: 'Florin/test',
      MetricName: metric,
      Statistic: 'Sum',
      Dimensions: [{ Name: 'service', Value: service }],
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      ...condition,
    });
  });

  it('watch a replica where there is one', () => {
    expect(alarm('replication-lag', full).Properties).toMatchObject({
      MetricName: 'ReplicationLatency',
      Threshold: 10_000,
      Dimensions: expect.arrayContaining([{ Name: 'ReceivingRegion', Value: 'eu-west-1' }]),
    });
  });
});

/** The resources of a type that the topic of alarms is made of. */
const ofTopic = (of: CloudFormationTemplate, type: string) =>
  resourcesOf(of, type).filter(({ logicalId }) => logicalId.startsWith('AlarmsTopic'));

describe('AlarmTopic', () => {
  it('is encrypted with a key that is turned over', () => {
    expect(ofTopic(template, 'AWS::SNS::Topic').map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({ KmsMasterKeyId: { 'Fn::GetAtt': [expect.stringMatching(/^AlarmsTopicKey/), 'Arn'] } }),
    ]);
    expect(resourcesOf(template, 'AWS::KMS::Key')[0]?.Properties).toMatchObject({ EnableKeyRotation: true });
  });

  // An alarm whose topic or key refuses it goes off unheard: CloudWatch tells nobody that it could not.
  it.each([
    ['AWS::SNS::TopicPolicy', 'PolicyDocument', 'sns:Publish'],
    ['AWS::KMS::Key', 'KeyPolicy', ['kms:Decrypt', 'kms:GenerateDataKey*']],
  ])('lets the alarms of this stage, and no others, through its %s', (type, property, Action) => {
    const resource = ofTopic(template, type)[0];
    const statements = resource && (propertyOf(resource, `${property}.Statement`) as { Principal: unknown }[]);
    const ofCloudWatch = statements?.filter(({ Principal }) => JSON.stringify(Principal).includes('cloudwatch'));
    expect(ofCloudWatch).toMatchObject([
      {
        Effect: 'Allow',
        Action,
        Condition: {
          StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
          ArnLike: { 'aws:SourceArn': { 'Fn::Join': ['', expect.arrayContaining([':alarm:florin-test-*'])] } },
        },
      },
    ]);
  });

  it('refuses what does not come over TLS', () => {
    expect(JSON.stringify(ofTopic(template, 'AWS::SNS::TopicPolicy'))).toContain('"Effect":"Deny","Principal":"*"');
  });

  it('mails an operator where one is named', () => {
    expect(ofTopic(template, 'AWS::SNS::Subscription')).toEqual([]);
    expect(ofTopic(full, 'AWS::SNS::Subscription')[0]?.Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'operator@example.com',
    });
  });
});

/** What operators do of their own accord, with no alarm to send them. */
const procedures = [
  'The audit log does not verify',
  'Stop all changes',
  'Switch off one operation',
  'A key has leaked',
  'An issuer is not to be trusted any more',
  'Take back a release',
  'Move to the other Region',
];

describe('the runbook', () => {
  it('has a heading for each alarm, and none without one but the procedures', () => {
    const expected = [...Object.values(alarmList).map(({ heading }) => heading), ...procedures];
    expect([...headings].sort()).toEqual(expected.sort());
  });

  it('says of each alarm what it means, where to look first, and what to do', async () => {
    const runbook = await readFile(path.join(import.meta.dirname, '../..', runbookPath), 'utf8');
    for (const { heading } of Object.values(alarmList)) {
      const section = runbook.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
      expect(section).toMatch(/\*\*Meaning\.\*\* [\s\S]+\*\*First look\.\*\* [\s\S]+\*\*Fix\.\*\* /);
    }
  });
});
