import { beforeAll, describe, expect, it } from '@jest/globals';
import { accessNeeds } from '../../infra/access-needs.ts';
import { type Area, areas } from '../../infra/areas.ts';
import type { TableNeeds } from '../../infra/function-needs.ts';
import { queueList, queueNames } from '../../infra/queue-list.ts';
import { queueNameOf } from '../../infra/queue-name.ts';
import { timeoutOf } from '../../infra/worker-timeout.ts';
import { type Waking, type Worker, workers } from '../../infra/workers.ts';
import { routes } from '../../lib/http/routes.ts';
import {
  type CloudFormationTemplate,
  type NamedResource,
  propertyOf,
  referenceOf,
  resourcesOf,
} from './cloudformation-template.ts';
import { areaNames, checksAccess, functionNames, isWorker, needsOf, obeysFlags, wakingOf } from './function-list.ts';
import { functionsIn, synthesise } from './synthesise.ts';

let template: CloudFormationTemplate;
beforeAll(async () => {
  template = functionsIn(await synthesise());
}, 300_000);

function functionOf(name: Area | Worker): NamedResource {
  const serviceName = `florin-${name}`;
  const found = resourcesOf(template, 'AWS::Lambda::Function').find(
    (resource) => propertyOf(resource, 'Environment.Variables.POWERTOOLS_SERVICE_NAME') === serviceName,
  );
  if (found === undefined) throw new Error(`There is no function ${serviceName}`);
  return found;
}

interface Statement {
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** What the function's role allows, as `action on resource`, the resource named by what its ARN refers to. */
function grantsOf(name: Area | Worker): string[] {
  const role = referenceOf(propertyOf(functionOf(name), 'Role'));
  return resourcesOf(template, 'AWS::IAM::Policy')
    .filter((policy) => JSON.stringify(propertyOf(policy, 'Roles')) === JSON.stringify([{ Ref: role }]))
    .flatMap((policy) => propertyOf(policy, 'PolicyDocument.Statement') as Statement[])
    .flatMap(({ Action, Resource, Condition }) =>
      [Action]
        .flat()
        .flatMap((action) =>
          [Resource].flat().map((one) => `${action} on ${resourceName(one)}${conditionText(Condition)}`),
        ),
    )
    .sort();
}

function conditionText(condition: unknown): string {
  return condition === undefined ? '' : ` if ${JSON.stringify(condition)}`;
}

function resourceName(resource: unknown): string {
  const json = JSON.stringify(resource);
  const index = /\/index\/\w+/.exec(json)?.[0] ?? '';
  if (/FnGetAttLedgerTable\w+StreamArn/.test(json)) return 'the stream';
  const table = /FnGetAtt(Ledger|Platform|Idempotency)Table\w+Arn/.exec(json)?.[1];
  if (table !== undefined) return `${table}${index}`;
  const named = /:sqs:.*:(florin-test-[\w.-]+)"/.exec(json)?.[1];
  const sentTo = queueNames.find((each) => queueNameOf('test', each) === named);
  if (sentTo !== undefined) return sentTo;
  const [, queue, kind] = /"Messaging(\w+?)(Queue|DeadLetters)[0-9A-F]{8}","Arn"/.exec(json) ?? [];
  const name = queueNames.find((each) => each.toLowerCase() === queue?.toLowerCase());
  if (name !== undefined) return kind === 'Queue' ? name : `${name} dead letters`;
  if (json.includes('"MessagingStreamFailures')) return 'stream failures';
  if (/:sns:.*:florin-test-events\.fifo"/.test(json)) return 'events';
  if (/FnGetAttSecretsKey\w+Arn/.test(json)) return 'the key';
  if (json.includes(':parameter/florin/test/flags"')) return 'flags';
  return /Logs[0-9A-F]{8}","Arn/.test(json) ? 'own logs' : json;
}

const everyFunction = [
  'logs:CreateLogStream on own logs',
  'logs:PutLogEvents on own logs',
  'xray:PutTelemetryRecords on "*"',
  'xray:PutTraceSegments on "*"',
];
const replay = ['DeleteItem', 'GetItem', 'PutItem', 'UpdateItem'];
const on = (table: string, actions: readonly string[]) => actions.map((action) => `dynamodb:${action} on ${table}`);

/** What a function may do to a table that needs this of it. */
function grantsOnTable(table: string, needs: TableNeeds | undefined): string[] {
  if (needs === undefined) return [];
  const { actions, narrowActions = [], indexes = [], scannedIndexes = [] } = needs;
  const narrow = narrowActions.flatMap((each) =>
    each.actions.map((action) => {
      const condition = {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': each.partitionKeys },
        ...(each.attributes && { 'ForAllValues:StringEquals': { 'dynamodb:Attributes': each.attributes } }),
      };
      return `${action} on ${table} if ${JSON.stringify(condition)}`;
    }),
  );
  return [
    ...actions.map((action) => `${action} on ${table}`),
    ...narrow,
    ...indexes.map(({ name }) => `dynamodb:Query on ${table}/index/${name}`),
    ...scannedIndexes.map(({ name }) => `dynamodb:Scan on ${table}/index/${name}`),
  ];
}

/** What Lambda and the function do with the queue or stream that wakes it. */
function grantsToBeWoken(wokenBy: Waking | undefined): string[] {
  const receiving = ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'];
  const ofQueue = (queue: string, actions: readonly string[]) => actions.map((action) => `sqs:${action} on ${queue}`);
  switch (wokenBy?.by) {
    case 'queue':
      return ofQueue(wokenBy.queue, [...receiving, 'ChangeMessageVisibility', 'GetQueueUrl']);
    case 'deadLetters':
      return [...queueNames.map((name) => `${name} dead letters`), 'stream failures'].flatMap((queue) =>
        ofQueue(queue, receiving),
      );
    case 'ledgerStream':
      return [
        ...on('the stream', ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams']),
        'sqs:SendMessage on stream failures',
      ];
    default:
      return [];
  }
}

const ofWebhooks = JSON.stringify({
  StringLike: { 'kms:EncryptionContext:tenant': '?*', 'kms:EncryptionContext:webhook': 'wh_*' },
  'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['tenant', 'webhook'] },
});

/** Everything that a function is granted, each once. */
function expectedGrants(name: Area | Worker): string[] {
  const needs = needsOf(name);
  const grants = [
    ...everyFunction,
    ...(obeysFlags(name) ? ['ssm:GetParameter on flags'] : []),
    ...grantsOnTable('Ledger', needs.ledger),
    ...grantsOnTable('Platform', needs.platform),
    ...(checksAccess(name) ? grantsOnTable('Platform', accessNeeds) : []),
    ...(needs.replays ? on('Idempotency', replay) : []),
    ...(needs.sendsTo ?? []).map((queue) => `sqs:SendMessage on ${queue}`),
    ...(needs.publishes ? ['sns:Publish on events'] : []),
    ...(needs.secrets ?? []).map((use) => `kms:${use === 'seal' ? 'Encrypt' : 'Decrypt'} on the key if ${ofWebhooks}`),
    ...grantsToBeWoken(wakingOf(name)),
  ];
  // What an area needs of its own and for the access check is one statement.
  return [...new Set(grants)].sort();
}

/** The variables that a function has: none for what it may not touch. */
function expectedVariables(name: Area | Worker): string[] {
  const needs = needsOf(name);
  return [
    ...['NODE_OPTIONS', 'POWERTOOLS_LOG_LEVEL', 'POWERTOOLS_METRICS_NAMESPACE', 'POWERTOOLS_SERVICE_NAME'],
    ...(obeysFlags(name) ? ['FLAGS_PARAMETER', 'FLAGS_WHEN_UNREADABLE'] : []),
    ...(!checksAccess(name) ? [] : ['API_KEY_SHA256', 'TOKEN_ISSUERS']),
    ...(!isWorker(name) && areas[name].makesKeys ? ['KEY_LABEL'] : []),
    ...(needs.ledger ? ['LEDGER_TABLE'] : []),
    ...(needs.platform || checksAccess(name) ? ['PLATFORM_TABLE'] : []),
    ...(needs.replays ? ['IDEMPOTENCY_TABLE'] : []),
    ...(needs.sendsTo ?? []).map((queue) => queueList[queue].variable),
    ...(needs.publishes ? ['EVENTS_TOPIC_ARN'] : []),
    ...(needs.secrets ? ['SECRETS_KEY_ID'] : []),
    ...(needs.callsOut ? ['WEBHOOK_TARGETS'] : []),
  ].sort();
}

describe('the stacks of functions', () => {
  it('has a function for each area and each worker, and no other', () => {
    const names = resourcesOf(template, 'AWS::Lambda::Function').map((resource) =>
      propertyOf(resource, 'Environment.Variables.POWERTOOLS_SERVICE_NAME'),
    );
    expect(names.sort()).toEqual(functionNames.map((name) => `florin-${name}`).sort());
    expect(Object.keys(areas).sort()).toEqual([...new Set(routes.map(({ area }) => area))].sort());
  });

  it('publishes a new version of exactly the functions that know the key when the key changes', async () => {
    const versionsWith = async (digit: string) => {
      const functions = functionsIn(await synthesise({ context: { apiKeySha256: digit.repeat(64) } }));
      expect(functions.Parameters?.ApiKeySha256).toBeUndefined();
      return resourcesOf(functions, 'AWS::Lambda::Version').map(({ logicalId }) => logicalId);
    };
    const before = await versionsWith('a');
    const replaced = (await versionsWith('b')).filter((id) => !before.includes(id));
    expect(replaced.map((id) => id.replace(/Function.*/, '').toLowerCase()).sort()).toEqual(
      areaNames.filter((area) => areas[area].checksAccess).sort(),
    );
  });

  it('refuses what is no digest of a key', async () => {
    await expect(synthesise({ context: { apiKeySha256: 'secret' } })).rejects.toThrow(/apiKeySha256/);
  });

  it('without a key, takes its hash as a parameter without a default', () => {
    expect(template.Parameters?.ApiKeySha256).toMatchObject({ Type: 'String', AllowedPattern: '^[0-9a-f]{64}$' });
    expect(template.Parameters?.ApiKeySha256).not.toHaveProperty('Default');
  });
});

describe.each(functionNames)('the function of %s', (area) => {
  it('is granted exactly what it needs', () => {
    expect(grantsOf(area)).toEqual(expectedGrants(area));
  });

  it('has no managed policies', () => {
    const role = template.Resources[referenceOf(propertyOf(functionOf(area), 'Role')) ?? ''];
    expect(role?.Type).toBe('AWS::IAM::Role');
    expect(role?.Properties).not.toHaveProperty('ManagedPolicyArns');
  });

  it('knows only what it may touch', () => {
    expect(Object.keys(propertyOf(functionOf(area), 'Environment.Variables') as object).sort()).toEqual(
      expectedVariables(area),
    );
  });

  it('runs as every function does', () => {
    expect(functionOf(area).Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: 1024,
      Timeout: isWorker(area) ? timeoutOf(workers[area]) : 10,
      TracingConfig: { Mode: 'Active' },
      LoggingConfig: { LogFormat: 'JSON' },
    });
  });

  it('writes to a log group that forgets', () => {
    const logs = template.Resources[referenceOf(propertyOf(functionOf(area), 'LoggingConfig.LogGroup')) ?? ''];
    expect(logs).toMatchObject({ Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: 90 } });
  });
});
