import { beforeAll, describe, expect, it } from '@jest/globals';
import { declineReasons } from '../../lib/ledger/errors.ts';
import { countedTypes, metrics } from '../../lib/observability/metric-names.ts';
import { type CloudFormationTemplate, propertyOf, resourcesOf } from './cloudformation-template.ts';
import { type ShownMetric, searchesIn, shownMetrics, type Widget, widgetsOf } from './dashboard-widgets.ts';
import { functionNames } from './function-list.ts';
import { functionsIn, synthesise } from './synthesise.ts';

let template: CloudFormationTemplate;
let functions: CloudFormationTemplate;
let dashboards: Readonly<Record<string, readonly Widget[]>>;
beforeAll(async () => {
  const synthesised = await synthesise();
  template = synthesised.watch;
  functions = functionsIn(synthesised);
  dashboards = Object.fromEntries(
    resourcesOf(template, 'AWS::CloudWatch::Dashboard').map((dashboard) => [
      dashboard.logicalId.replace(/^Dashboards(\w+?)[0-9A-F]{8}$/, '$1'),
      widgetsOf(dashboard),
    ]),
  );
}, 300_000);

const widget = (dashboard: string, title: string): Widget => {
  const found = dashboards[dashboard]?.find(({ properties }) => properties.title === title);
  if (found === undefined) throw new Error(`${dashboard} shows no "${title}"`);
  return found;
};
const allWidgets = () => Object.values(dashboards).flat();
const allShown = () => allWidgets().flatMap(shownMetrics);

/** The dimensions that AWS keeps each metric by; others would show an empty graph. */
const awsMetrics: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'AWS/ApiGateway': Object.fromEntries(
    ['Count', '4XXError', '5XXError', 'Latency'].map((name) => [name, ['ApiName,Stage']]),
  ),
  'AWS/Lambda': {
    ...Object.fromEntries(
      ['ConcurrentExecutions', 'Duration', 'Errors', 'Throttles'].map((name) => [name, ['FunctionName,Resource']]),
    ),
    IteratorAge: ['FunctionName'],
  },
  'AWS/SQS': Object.fromEntries(
    [
      'ApproximateAgeOfOldestMessage',
      'ApproximateNumberOfMessagesNotVisible',
      'ApproximateNumberOfMessagesVisible',
      'NumberOfMessagesDeleted',
      'NumberOfMessagesReceived',
    ].map((name) => [name, ['QueueName']]),
  ),
  'AWS/DynamoDB': {
    ConsumedReadCapacityUnits: ['TableName'],
    ConsumedWriteCapacityUnits: ['TableName'],
    ReadThrottleEvents: ['TableName', 'GlobalSecondaryIndexName,TableName'],
    WriteThrottleEvents: ['TableName', 'GlobalSecondaryIndexName,TableName'],
    SuccessfulRequestLatency: ['Operation,TableName'],
    TransactionConflict: ['TableName'],
  },
};

const ownNamespace = 'Florin/test';
const ownMetrics: ReadonlyMap<string, string> = new Map(
  Object.values(metrics).map(({ name, dimensions }) => [name, ['service', ...dimensions].sort().join(',')]),
);

/** Why a metric would never have a value; undefined if it may. */
function faultOf({ namespace, name, dimensions }: ShownMetric): string | undefined {
  const names = Object.keys(dimensions).sort().join(',');
  const known = namespace === ownNamespace ? [ownMetrics.get(name)] : awsMetrics[namespace]?.[name];
  return known?.includes(names) ? undefined : `${namespace} ${name} by ${names}`;
}

describe('the dashboards', () => {
  it('are four, each named for its stage and Region', () => {
    expect(Object.keys(dashboards).sort()).toEqual(['Business', 'Errors', 'Health', 'Trends']);
    const names = resourcesOf(template, 'AWS::CloudWatch::Dashboard').map((one) => propertyOf(one, 'DashboardName'));
    for (const kind of ['health', 'business', 'errors', 'trends']) {
      expect(names).toContainEqual({ 'Fn::Join': ['', [`florin-test-${kind}-`, { Ref: 'AWS::Region' }]] });
    }
  });

  it('show only metrics that somebody writes, by the dimensions they are written with', () => {
    expect(allShown().length).toBeGreaterThan(50);
    expect(allShown().map(faultOf).filter(Boolean)).toEqual([]);
  });

  it('search only for metrics of ours, by all their dimensions', () => {
    const searches = allWidgets().flatMap(searchesIn);
    expect(searches.length).toBeGreaterThan(5);
    for (const { namespace, name, dimensions, terms } of searches) {
      expect(namespace).toBe(ownNamespace);
      expect(dimensions.toSorted().join(',')).toBe(ownMetrics.get(name));
      expect(dimensions).toEqual(expect.arrayContaining(Object.keys(terms)));
    }
  });

  it('leave out none of our metrics', () => {
    const shown = [
      ...allShown().filter(({ namespace }) => namespace === ownNamespace),
      ...allWidgets().flatMap(searchesIn),
    ];
    expect(new Set(shown.map(({ name }) => name))).toEqual(new Set(ownMetrics.keys()));
  });

  it('name functions that exist', () => {
    const services = allShown()
      .filter(({ namespace }) => namespace === ownNamespace)
      .map(({ dimensions }) => dimensions.service);
    expect(new Set(services)).toEqual(
      new Set(['florin-audit-ledger', 'florin-release-expired-holds', 'florin-transactions']),
    );
    const names = resourcesOf(functions, 'AWS::Lambda::Function').map((one) =>
      propertyOf(one, 'Environment.Variables.POWERTOOLS_SERVICE_NAME'),
    );
    expect(names).toEqual(expect.arrayContaining([...new Set(services)]));
  });
});

describe('the health dashboard', () => {
  it('begins with every alarm of the stage', () => {
    const names = resourcesOf(template, 'AWS::CloudWatch::Alarm').map((alarm) => propertyOf(alarm, 'AlarmName'));
    const shown = dashboards.Health?.[0]?.properties.alarms?.map((arn) => arn.replace(/.*:alarm:/, ''));
    expect(shown?.toSorted()).toEqual(names.toSorted());
  });

  it('shows the oldest message of each queue, by the names that the queues have', () => {
    const shown = shownMetrics(widget('Health', 'Oldest message, in seconds, by queue'));
    const queues = resourcesOf(functions, 'AWS::SQS::Queue')
      .map((queue) => String(propertyOf(queue, 'QueueName')))
      .filter((name) => !/-dead-letters|-stream-failures/.test(name));
    expect(shown.map(({ dimensions }) => dimensions.QueueName).sort()).toEqual(queues.sort());
  });

  it.each(['Running at once', 'Time in the function, p95', 'Throttled'])('shows %s of each function', (title) => {
    expect(shownMetrics(widget('Health', title))).toHaveLength(functionNames.length);
  });
});

describe('the business dashboard', () => {
  it('shows what was posted by each type that is counted', () => {
    const shown = shownMetrics(widget('Business', 'Posted, by type')).map(({ dimensions }) => dimensions);
    expect(shown).toEqual(countedTypes.map((type) => ({ service: 'florin-transactions', type, outcome: 'posted' })));
  });

  it('shows what was declined for each reason there is', () => {
    const reasons = searchesIn(widget('Business', 'Declined, by reason')).map(({ terms }) => terms.outcome);
    expect(reasons).toEqual(declineReasons);
  });

  it.each([
    ['Replayed to a repeated key', 'Replays'],
    ['Refused: the key is of another request', 'KeyConflicts'],
  ])('shows "%s"', (title, name) => {
    expect(searchesIn(widget('Business', title))).toMatchObject([{ name, terms: {} }]);
  });
});

describe('the errors dashboard', () => {
  it('shows every queue of dead letters', () => {
    const shown = shownMetrics(widget('Errors', 'Dead letters in their queues'));
    const queues = resourcesOf(functions, 'AWS::SQS::Queue')
      .map((queue) => String(propertyOf(queue, 'QueueName')))
      .filter((name) => /-dead-letters|-stream-failures/.test(name));
    expect(shown.map(({ dimensions }) => dimensions.QueueName).sort()).toEqual(queues.sort());
  });
});

describe('the trends dashboard', () => {
  // A search finds nothing that was last written more than two weeks ago.
  it('names all it shows, day by day', () => {
    for (const one of dashboards.Trends ?? []) {
      expect(searchesIn(one)).toEqual([]);
      for (const { period } of shownMetrics(one)) expect(period).toBe(86_400);
    }
  });
});
