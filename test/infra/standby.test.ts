import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { primaryEnvironment } from '../../infra/standby.ts';
import { awsRules } from './aws-rules.ts';
import { type CloudFormationTemplate, propertyOf, resourcesOf } from './cloudformation-template.ts';
import { functionNames, obeysFlags } from './function-list.ts';
import { ofPrimary, primaryRegion, replicaRegion, synthesiseWithStandby } from './standby-fixture.ts';
import { functionsIn, type Synthesised, synthesise } from './synthesise.ts';

let synthesised: Synthesised;
let alone: Synthesised;
const restore = ofPrimary();
beforeAll(async () => {
  synthesised = await synthesiseWithStandby();
  alone = await synthesise();
}, 300_000);
afterAll(restore);

function stack(name: string): CloudFormationTemplate {
  const found = synthesised.stacks[`Florin-test-${name}`];
  if (found === undefined) throw new Error(`There is no stack ${name}`);
  return found;
}

/** The functions of the primary, or of the standby, in one template. */
function functionsOf(role: '' | 'Standby'): CloudFormationTemplate {
  return functionsIn({ work: stack(`${role}Work`), api: stack(role || 'Api') });
}

const table = (template: CloudFormationTemplate, prefix: string) =>
  resourcesOf(template, 'AWS::DynamoDB::GlobalTable').find(({ logicalId }) => logicalId.startsWith(prefix));

interface Replica {
  readonly Region: string;
}

describe('a stage with a replica', () => {
  it('has the four stacks of every stage and four more', () => {
    const named = (names: readonly string[]) => names.map((name) => `Florin-test-${name}`);
    const stage = named(['Api', 'Data', 'Watch', 'Work']);
    const standby = named(['Standby', 'StandbyData', 'StandbyWatch', 'StandbyWork']);
    expect(Object.keys(synthesised.stacks).sort()).toEqual([...stage, ...standby].sort());
    expect(Object.keys(alone.stacks).sort()).toEqual(stage);
  });

  it.each(['Ledger', 'Platform'])('protects the replica of %s as it protects the table', (name) => {
    const kept = table(stack('Data'), name);
    const replicas = (kept && propertyOf(kept, 'Replicas')) as Replica[];
    expect(replicas.map(({ Region }) => Region).sort()).toEqual([primaryRegion, replicaRegion]);
    for (const replica of replicas) {
      expect(replica).toMatchObject({
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      });
    }
  });

  it('has a stream in either Region', () => {
    const ledger = table(stack('Data'), 'Ledger');
    expect(ledger && propertyOf(ledger, 'StreamSpecification')).toEqual({ StreamViewType: 'NEW_AND_OLD_IMAGES' });
  });

  it.each(['Ledger', 'Platform'])('keeps the table %s that it had before', (name) => {
    const identity = ({ data }: Synthesised) => {
      const kept = table(data, name);
      return [kept?.logicalId, kept && propertyOf(kept, 'KeySchema'), kept && propertyOf(kept, 'TableName')];
    };
    expect(identity(synthesised)).toEqual(identity(alone));
  });
});

describe('the standby', () => {
  it.each(['Ledger', 'Platform'])('makes no table %s: the replica is the primary stack’s', (name) => {
    expect(table(stack('StandbyData'), name)).toBeUndefined();
    expect(stack('StandbyData').Parameters?.[`${name}TableName`]).not.toHaveProperty('Default');
  });

  it('has to be told the stream of its own Region', () => {
    expect(stack('StandbyData').Parameters?.LedgerStreamArn).not.toHaveProperty('Default');
  });

  it('has a replica of the key that seals secrets, which opens what the primary sealed', () => {
    const [replica, ...others] = resourcesOf(stack('StandbyData'), 'AWS::KMS::ReplicaKey');
    expect(others).toEqual([]);
    expect(replica).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    expect(replica?.Properties).toMatchObject({ PrimaryKeyArn: { Ref: 'SecretsKeyArn' } });
    expect(stack('StandbyData').Parameters?.SecretsKeyArn).not.toHaveProperty('Default');
    expect(stack('Data').Outputs).toHaveProperty('SecretsKeyArn');
    expect(resourcesOf(stack('StandbyData'), 'AWS::KMS::Alias')).toMatchObject([
      { Properties: { AliasName: 'alias/florin-test-secrets' } },
    ]);
    expect(resourcesOf(stack('StandbyData'), 'AWS::KMS::Key')).toEqual([]);
  });

  it('has queues of its own', () => {
    const names = (template: CloudFormationTemplate) =>
      resourcesOf(template, 'AWS::SQS::Queue').map((queue) => propertyOf(queue, 'QueueName'));
    expect(names(stack('StandbyWork'))).toEqual(names(stack('Work')));
    expect(names(stack('StandbyWork')).length).toBeGreaterThan(12);
  });

  it('starts closed, where the primary starts open', () => {
    const initial = (name: string) =>
      resourcesOf(stack(name), 'AWS::SSM::Parameter').map((parameter) => [
        propertyOf(parameter, 'Name'),
        JSON.parse(String(propertyOf(parameter, 'Value'))),
      ]);
    expect(initial('StandbyData')).toEqual([['/florin/test/flags', { acceptWrites: false, disabledOperations: [] }]]);
    expect(initial('Data')).toEqual([['/florin/test/flags', { acceptWrites: true, disabledOperations: [] }]]);
  });

  it.each(['', 'Standby'] as const)('and the primary close while they cannot read their flags: %j', (role) => {
    const counted = resourcesOf(functionsOf(role), 'AWS::Lambda::Function').map((code) => [
      propertyOf(code, 'Environment.Variables.POWERTOOLS_SERVICE_NAME'),
      propertyOf(code, 'Environment.Variables.FLAGS_WHEN_UNREADABLE'),
    ]);
    const expected = functionNames.map((name) => [`florin-${name}`, obeysFlags(name) ? 'closed' : undefined]);
    expect(counted.sort()).toEqual(expected.sort());
  });

  it('runs the functions of the primary, and serves its API', () => {
    const kinds = (template: CloudFormationTemplate, type: string) => resourcesOf(template, type).length;
    expect(kinds(functionsOf('Standby'), 'AWS::Lambda::Function')).toBe(functionNames.length);
    for (const type of ['AWS::Lambda::Function', 'AWS::Lambda::EventSourceMapping', 'AWS::ApiGateway::Method']) {
      expect(kinds(functionsOf('Standby'), type)).toBe(kinds(functionsOf(''), type));
    }
    expect(kinds(stack('StandbyWatch'), 'AWS::CloudWatch::Alarm')).toBe(
      kinds(stack('Watch'), 'AWS::CloudWatch::Alarm'),
    );
  });

  it('is granted what the primary is granted, in its own Region', () => {
    const policies = JSON.stringify(
      resourcesOf(functionsOf('Standby'), 'AWS::IAM::Policy').map(({ Properties }) => Properties),
    );
    expect(policies).toContain(`arn:aws:ssm:${replicaRegion}:111111111111:parameter/florin/test/flags`);
    expect(policies).toContain(`arn:aws:dynamodb:${replicaRegion}:111111111111:table/`);
    expect(policies).not.toContain(primaryRegion);
    const actions = (template: CloudFormationTemplate) =>
      resourcesOf(template, 'AWS::IAM::Policy').map((policy) =>
        (propertyOf(policy, 'PolicyDocument.Statement') as { Action: unknown }[]).map(({ Action }) => Action),
      );
    expect(actions(functionsOf('Standby'))).toEqual(actions(functionsOf('')));
  });

  it('has dashboards that do not take the place of the primary’s', () => {
    for (const dashboard of resourcesOf(stack('StandbyWatch'), 'AWS::CloudWatch::Dashboard')) {
      expect(JSON.stringify(propertyOf(dashboard, 'DashboardName'))).toContain('AWS::Region');
    }
  });

  it.each(Object.keys(awsRules) as (keyof typeof awsRules)[])('keeps the rule %s', (name) => {
    expect(awsRules[name](stack('Standby'), stack('StandbyWatch'))).toEqual([]);
    expect(awsRules[name](stack('StandbyWork'), stack('StandbyWatch'))).toEqual([]);
    expect(awsRules[name](stack('StandbyData'))).toEqual([]);
    expect(awsRules[name](stack('Data'))).toEqual([]);
  });
});

describe('primaryEnvironment', () => {
  const options = {
    canary: 'on',
    webhookTargets: 'public',
    stageLimit: { requestsPerSecond: 2_000, burst: 2_000 },
    replicaRegion,
  } as const;

  it('leaves a stage without a replica free to go anywhere', () => {
    expect(primaryEnvironment({ ...options, replicaRegion: undefined })).toBeUndefined();
  });

  it('takes account and Region from the credentials in use', () => {
    const source = { CDK_DEFAULT_ACCOUNT: '222222222222', CDK_DEFAULT_REGION: 'us-east-1' };
    expect(primaryEnvironment(options, source)).toEqual({ account: '222222222222', region: 'us-east-1' });
  });

  it('says what is missing', () => {
    expect(() => primaryEnvironment(options, { CDK_DEFAULT_REGION: 'us-east-1' })).toThrow('needs an account');
  });

  it('refuses a replica in the Region of the table', () => {
    const source = { CDK_DEFAULT_ACCOUNT: '222222222222', CDK_DEFAULT_REGION: replicaRegion };
    expect(() => primaryEnvironment(options, source)).toThrow(`replicaRegion is ${replicaRegion}`);
  });
});
