import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Area } from '../../infra/areas.ts';
import { type Worker, workers } from '../../infra/workers.ts';
import { routes } from '../../lib/http/routes.ts';
import {
  type CloudFormationTemplate,
  type NamedResource,
  propertyOf,
  referenceOf,
  resourcesOf,
} from './cloudformation-template.ts';
import { synthesise } from './synthesise.ts';

let template: CloudFormationTemplate;
beforeAll(async () => {
  template = (await synthesise()).api;
}, 60_000);

const areas = [...new Set<Area>(routes.map(({ area }) => area))];
const workerNames = Object.keys(workers) as Worker[];

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
      [Action].flat().map((action) => `${action} on ${resourceName(Resource)}${conditionText(Condition)}`),
    )
    .sort();
}

function conditionText(condition: unknown): string {
  return condition === undefined ? '' : ` if ${JSON.stringify(condition)}`;
}

function resourceName(resource: unknown): string {
  const json = JSON.stringify(resource);
  const index = /\/index\/\w+/.exec(json)?.[0] ?? '';
  if (json.includes('FnGetAttLedgerTable')) return `Ledger${index}`;
  if (json.includes('FnGetAttIdempotencyTable')) return `Idempotency${index}`;
  if (json.includes(':parameter/florin/test/flags"')) return 'flags';
  return /Logs[0-9A-F]{8}","Arn/.test(json) ? 'own logs' : json;
}

const everyFunction = [
  'logs:CreateLogStream on own logs',
  'logs:PutLogEvents on own logs',
  'xray:PutTelemetryRecords on "*"',
  'xray:PutTraceSegments on "*"',
];
const commit = ['BatchGetItem', 'GetItem', 'PutItem', 'UpdateItem'];
const replay = ['DeleteItem', 'GetItem', 'PutItem', 'UpdateItem'];
const readFlags = 'ssm:GetParameter on flags';
const on = (table: string, actions: readonly string[]) => actions.map((action) => `dynamodb:${action} on ${table}`);

const grants: Readonly<Record<Area | Worker, readonly string[]>> = {
  'release-expired-holds': [
    readFlags,
    ...on('Ledger', ['BatchGetItem', 'PutItem', 'UpdateItem']),
    ...on('Ledger/index/due', ['Query']),
  ],
  'audit-ledger': [
    readFlags,
    ...on('Ledger', ['BatchGetItem', 'GetItem', 'Query', 'Scan']),
    ...on('Ledger/index/accountsByTenant', ['Scan']),
    'dynamodb:PutItem on Ledger if {"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["AUDIT","AUDIT#*"]}}',
  ],
  assets: [readFlags, ...on('Ledger', ['PutItem', 'Query']), ...on('Idempotency', replay)],
  accounts: [
    readFlags,
    ...on('Ledger', [...commit, 'Query']),
    ...on('Ledger/index/accountsByTenant', ['Query']),
    ...on('Idempotency', replay),
  ],
  transactions: [readFlags, ...on('Ledger', commit), ...on('Ledger/index/due', ['Query'])],
  holds: [readFlags, ...on('Ledger', commit), ...on('Ledger/index/due', ['Query'])],
  fees: [readFlags, ...on('Ledger', ['BatchGetItem', 'GetItem', 'PutItem', 'Query']), ...on('Idempotency', replay)],
  reports: [...on('Ledger', ['BatchGetItem', 'GetItem', 'Query']), ...on('Ledger/index/accountsByTenant', ['Query'])],
  documents: [],
};

const common = ['NODE_OPTIONS', 'POWERTOOLS_LOG_LEVEL', 'POWERTOOLS_METRICS_NAMESPACE', 'POWERTOOLS_SERVICE_NAME'];
const variables: Readonly<Record<Area | Worker, readonly string[]>> = {
  'release-expired-holds': ['FLAGS_PARAMETER', 'FLAGS_WHEN_UNREADABLE', 'LEDGER_TABLE', ...common],
  'audit-ledger': ['FLAGS_PARAMETER', 'FLAGS_WHEN_UNREADABLE', 'LEDGER_TABLE', ...common],
  assets: [
    'API_KEY_SHA256',
    'FLAGS_PARAMETER',
    'FLAGS_WHEN_UNREADABLE',
    'IDEMPOTENCY_TABLE',
    'LEDGER_TABLE',
    ...common,
  ],
  accounts: [
    'API_KEY_SHA256',
    'FLAGS_PARAMETER',
    'FLAGS_WHEN_UNREADABLE',
    'IDEMPOTENCY_TABLE',
    'LEDGER_TABLE',
    ...common,
  ],
  transactions: ['API_KEY_SHA256', 'FLAGS_PARAMETER', 'FLAGS_WHEN_UNREADABLE', 'LEDGER_TABLE', ...common],
  holds: ['API_KEY_SHA256', 'FLAGS_PARAMETER', 'FLAGS_WHEN_UNREADABLE', 'LEDGER_TABLE', ...common],
  fees: ['API_KEY_SHA256', 'FLAGS_PARAMETER', 'FLAGS_WHEN_UNREADABLE', 'IDEMPOTENCY_TABLE', 'LEDGER_TABLE', ...common],
  reports: ['API_KEY_SHA256', 'LEDGER_TABLE', ...common],
  documents: common,
};

describe('ApiStack', () => {
  it('has a function for each area and each worker, and no other', () => {
    const names = resourcesOf(template, 'AWS::Lambda::Function').map((resource) =>
      propertyOf(resource, 'Environment.Variables.POWERTOOLS_SERVICE_NAME'),
    );
    expect(names.sort()).toEqual([...areas, ...workerNames].map((name) => `florin-${name}`).sort());
  });

  it('publishes a new version of exactly the functions that know the key when the key changes', async () => {
    const versionsWith = async (digit: string) => {
      const { api } = await synthesise({ context: { apiKeySha256: digit.repeat(64) } });
      expect(api.Parameters?.ApiKeySha256).toBeUndefined();
      return resourcesOf(api, 'AWS::Lambda::Version').map(({ logicalId }) => logicalId);
    };
    const before = await versionsWith('a');
    const replaced = (await versionsWith('b')).filter((id) => !before.includes(id));
    expect(replaced.map((id) => id.replace(/Function.*/, '').toLowerCase()).sort()).toEqual(
      areas.filter((area) => area !== 'documents').sort(),
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

describe.each([...areas, ...workerNames])('the function of %s', (area) => {
  it('is granted exactly what it uses', () => {
    expect(grantsOf(area)).toEqual([...everyFunction, ...grants[area]].sort());
  });

  it('has no managed policies', () => {
    const role = template.Resources[referenceOf(propertyOf(functionOf(area), 'Role')) ?? ''];
    expect(role?.Type).toBe('AWS::IAM::Role');
    expect(role?.Properties).not.toHaveProperty('ManagedPolicyArns');
  });

  it('knows only the tables that it may touch', () => {
    expect(Object.keys(propertyOf(functionOf(area), 'Environment.Variables') as object).sort()).toEqual(
      [...variables[area]].sort(),
    );
  });

  it('runs as every function does', () => {
    expect(functionOf(area).Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: 1024,
      Timeout: workers[area as Worker]?.timeoutSeconds ?? 10,
      TracingConfig: { Mode: 'Active' },
      LoggingConfig: { LogFormat: 'JSON' },
    });
  });

  it('writes to a log group that forgets', () => {
    const logs = template.Resources[referenceOf(propertyOf(functionOf(area), 'LoggingConfig.LogGroup')) ?? ''];
    expect(logs).toMatchObject({ Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: 90 } });
  });
});

describe.each(workerNames)('the worker %s', (worker) => {
  it('is woken on its schedule, through its alias, by a rule that alone may', () => {
    const { logicalId } = functionOf(worker);
    const aliases = resourcesOf(template, 'AWS::Lambda::Alias').filter(
      (alias) => referenceOf(propertyOf(alias, 'FunctionName')) === logicalId,
    );
    const [live] = aliases;
    const rules = resourcesOf(template, 'AWS::Events::Rule').filter(
      (rule) => referenceOf(propertyOf(rule, 'Targets.0.Arn')) === live?.logicalId,
    );
    const { everyMinutes } = workers[worker];
    const unit = Number(everyMinutes) === 1 ? 'minute' : 'minutes';
    expect(rules.map((rule) => propertyOf(rule, 'ScheduleExpression'))).toEqual([`rate(${everyMinutes} ${unit})`]);
    const permissions = resourcesOf(template, 'AWS::Lambda::Permission').filter(
      (permission) => referenceOf(propertyOf(permission, 'FunctionName')) === live?.logicalId,
    );
    expect(permissions.map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({
        Principal: 'events.amazonaws.com',
        SourceArn: { 'Fn::GetAtt': [rules[0]?.logicalId, 'Arn'] },
      }),
    ]);
  });

  it('ends before it is woken again', () => {
    expect(workers[worker].timeoutSeconds).toBeLessThan(60 * workers[worker].everyMinutes);
  });
});
