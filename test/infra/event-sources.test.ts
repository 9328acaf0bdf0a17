import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { compileFilter } from '../../infra/local/sources/event-filter.ts';
import { queueList, queueNames } from '../../infra/queue-list.ts';
import { streamFilters } from '../../infra/stream-filters.ts';
import {
  type CloudFormationTemplate,
  type NamedResource,
  propertyOf,
  referenceOf,
  referencesIn,
  resourcesOf,
} from './cloudformation-template.ts';
import { eventSourceRules } from './event-source-rules.ts';
import type { kindsOfWorkers } from './fixtures/kinds-of-workers.ts';

type Kind = keyof typeof kindsOfWorkers;

let template: CloudFormationTemplate;
beforeAll(async () => {
  const bundles = await mkdtemp(path.join(tmpdir(), 'florin-workers-'));
  try {
    await mkdir(path.join(bundles, 'audit-ledger'));
    await writeFile(path.join(bundles, 'audit-ledger', 'index.mjs'), 'export const handler = () => {};\n');
    const script = path.join(import.meta.dirname, 'workers-process.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [script, bundles], { maxBuffer: 10_000_000 });
    template = JSON.parse(stdout);
  } finally {
    await rm(bundles, { recursive: true, force: true });
  }
});

/** The alias of a worker, through which everything has to call it. */
function aliasOf(kind: Kind): NamedResource {
  const [found] = resourcesOf(template, 'AWS::Lambda::Alias').filter(({ logicalId }) => logicalId.startsWith(kind));
  if (found === undefined) throw new Error(`${kind} has no alias`);
  return found;
}

const mappingsTo = (kind: Kind) =>
  resourcesOf(template, 'AWS::Lambda::EventSourceMapping').filter(
    (mapping) => referencesIn(propertyOf(mapping, 'FunctionName'))[0] === aliasOf(kind).logicalId,
  );

/** What the queue is called, whose ARN this is. */
function queueBehind(arn: unknown): string {
  const queue = template.Resources[referenceOf(arn) ?? ''];
  if (queue?.Type !== 'AWS::SQS::Queue') throw new Error(`This is no queue: ${JSON.stringify(arn)}`);
  return String(propertyOf(queue, 'QueueName'));
}

describe('a worker that a schedule wakes', () => {
  it('is called through its alias, by a rule that alone may', () => {
    const { logicalId } = aliasOf('sweep');
    const [rule, ...others] = resourcesOf(template, 'AWS::Events::Rule');
    expect(others).toEqual([]);
    expect(rule && propertyOf(rule, 'ScheduleExpression')).toBe('rate(5 minutes)');
    expect(rule && referenceOf(propertyOf(rule, 'Targets.0.Arn'))).toBe(logicalId);
    const permissions = resourcesOf(template, 'AWS::Lambda::Permission');
    expect(permissions.map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({
        Principal: 'events.amazonaws.com',
        FunctionName: { Ref: logicalId },
        SourceArn: { 'Fn::GetAtt': [rule?.logicalId, 'Arn'] },
      }),
    ]);
  });

  // The next run makes up for one that was missed.
  it('is not called late', () => {
    const [rule] = resourcesOf(template, 'AWS::Events::Rule');
    expect(rule && propertyOf(rule, 'Targets.0.RetryPolicy')).toEqual({
      MaximumEventAgeInSeconds: 300,
      MaximumRetryAttempts: 0,
    });
  });
});

describe('a worker that a queue wakes', () => {
  it('gets ten messages at the most at once, and names those that failed', () => {
    expect(mappingsTo('consumer').map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({
        BatchSize: 10,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ScalingConfig: { MaximumConcurrency: 7 },
      }),
    ]);
    expect(queueBehind(propertyOf(mappingsTo('consumer')[0] as NamedResource, 'EventSourceArn'))).toBe(
      'florin-test-lines.fifo',
    );
  });

  it('waits for no batch to fill', () => {
    for (const mapping of resourcesOf(template, 'AWS::Lambda::EventSourceMapping')) {
      expect(propertyOf(mapping, 'MaximumBatchingWindowInSeconds') ?? 0).toBe(0);
    }
  });

  it('has the time of its queue', () => {
    const code = template.Resources[referenceOf(propertyOf(aliasOf('consumer'), 'FunctionName')) ?? ''];
    expect(code && propertyOf(code, 'Timeout')).toBe(queueList.lines.workSeconds);
  });
});

describe('the worker of dead letters', () => {
  it('gets those of every queue, and of the stream', () => {
    const sources = mappingsTo('keeper').map((mapping) => queueBehind(propertyOf(mapping, 'EventSourceArn')));
    const expected = queueNames.map((name) => {
      const kebab = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      return `florin-test-${kebab}-dead-letters${queueList[name].kind === 'fifo' ? '.fifo' : ''}`;
    });
    expect(sources.sort()).toEqual([...expected, 'florin-test-stream-failures'].sort());
  });
});

describe('the worker of the stream', () => {
  it('gets what the filters let through, from the oldest on, and gives up no record for its age', () => {
    const [mapping, ...others] = mappingsTo('dispatcher');
    expect(others).toEqual([]);
    expect(JSON.stringify(mapping && propertyOf(mapping, 'EventSourceArn'))).toContain('StreamArn');
    expect(mapping?.Properties).toMatchObject({
      BatchSize: 100,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      MaximumRetryAttempts: 5,
      StartingPosition: 'TRIM_HORIZON',
      FilterCriteria: { Filters: streamFilters.map((pattern) => ({ Pattern: JSON.stringify(pattern) })) },
    });
    expect(mapping?.Properties).not.toHaveProperty('MaximumRecordAgeInSeconds');
    expect(queueBehind(mapping && propertyOf(mapping, 'DestinationConfig.OnFailure.Destination'))).toBe(
      'florin-test-stream-failures',
    );
  });

  it('has no more filters than Lambda takes', () => {
    expect(streamFilters.length).toBeLessThanOrEqual(5);
  });

  const record = (eventName: string, SK: string, images: { readonly before?: string; readonly after?: string }) => ({
    eventName,
    dynamodb: {
      Keys: { PK: { S: 'T#t#X#x' }, SK: { S: SK } },
      ...(images.before && { OldImage: { status: { S: images.before } } }),
      NewImage: images.after ? { status: { S: images.after } } : { version: { N: '1' } },
    },
  });

  // The names are written out: they are part of stored rows, and a filter that no longer knows them would lose them.
  it.each([
    ['a transaction that joins a line', record('INSERT', 'P#1800000000000#tx_1', {})],
    ['a transaction posted at once', record('INSERT', 'RECORD', { after: 'posted' })],
    ['a declined one', record('INSERT', 'RECORD', { after: 'rejected' })],
    ['a hold', record('INSERT', 'RECORD', { after: 'hold' })],
    ['a batch', record('INSERT', 'RECORD', { after: 'batch' })],
    ['one posted after it had waited', record('MODIFY', 'RECORD', { before: 'pending', after: 'posted' })],
    ['one that failed after it had waited', record('MODIFY', 'RECORD', { before: 'pending', after: 'failed' })],
    ['a change of what is no money', record('INSERT', 'CHANGE', {})],
  ])('is woken by %s', (_, event) => {
    expect(streamFilters.filter((filter) => compileFilter(filter)(event))).toHaveLength(1);
  });

  it.each([
    ['a transaction that begins to wait', record('INSERT', 'RECORD', { after: 'pending' })],
    ['a record that learns its block', record('MODIFY', 'RECORD', { before: 'posted', after: 'posted' })],
    ['a record that is redacted', record('MODIFY', 'RECORD', { before: 'rejected', after: 'rejected' })],
    ['the record of a hold that is', record('MODIFY', 'RECORD', { before: 'hold', after: 'hold' })],
    ['a change that is', record('MODIFY', 'CHANGE', {})],
    ['one that waits on', record('MODIFY', 'RECORD', { before: 'pending', after: 'pending' })],
    ['an attempt that is counted', record('MODIFY', 'P#1800000000000#tx_1', {})],
    ['a balance', record('MODIFY', 'B#USD/2', {})],
    ['an entry', record('INSERT', 'E#USD/2#1800000000000#000000000001', {})],
    ['a block', record('INSERT', 'BLOCK#000000000001', {})],
    ['a hold that is left with less', record('MODIFY', 'HOLD', {})],
    ['what is deleted', { ...record('REMOVE', 'P#1800000000000#tx_1', {}), eventName: 'REMOVE' }],
  ])('is not woken by %s', (_, event) => {
    expect(streamFilters.filter((filter) => compileFilter(filter)(event))).toEqual([]);
  });
});

describe('every mapping', () => {
  it('goes through an alias', () => {
    const mappings = resourcesOf(template, 'AWS::Lambda::EventSourceMapping');
    expect(mappings.length).toBe(queueNames.length + 3);
    for (const mapping of mappings) {
      const [called = ''] = referencesIn(propertyOf(mapping, 'FunctionName'));
      const target = template.Resources[called];
      expect(target?.Type).toBe('AWS::Lambda::Alias');
    }
  });

  it.each(Object.keys(eventSourceRules) as (keyof typeof eventSourceRules)[])('keeps the rule %s', (name) => {
    expect(eventSourceRules[name](template).filter((fault) => !fault.startsWith('no alarm watches'))).toEqual([]);
  });
});
