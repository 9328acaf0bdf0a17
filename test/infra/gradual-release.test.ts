import { beforeAll, describe, expect, it } from '@jest/globals';
import { type CloudFormationTemplate, propertyOf, resourcesOf } from './cloudformation-template.ts';
import { synthesise } from './synthesise.ts';

let production: CloudFormationTemplate;
let watch: CloudFormationTemplate;
let hurried: CloudFormationTemplate;
let elsewhere: CloudFormationTemplate;
beforeAll(async () => {
  ({ api: production, watch } = await synthesise({ context: { stage: 'prod' } }));
  hurried = (await synthesise({ context: { stage: 'prod', canary: 'off' } })).api;
  elsewhere = (await synthesise()).api;
}, 300_000);

interface Group {
  readonly AlarmConfiguration: { readonly Alarms: readonly { readonly Name: string }[] };
}

const groupsOf = (template: CloudFormationTemplate) =>
  resourcesOf(template, 'AWS::CodeDeploy::DeploymentGroup').map(({ Properties }) => Properties as unknown as Group);

/** The aliases that CloudFormation hands to CodeDeploy instead of pointing them to the new version itself. */
const gradual = (template: CloudFormationTemplate) =>
  resourcesOf(template, 'AWS::Lambda::Alias')
    .filter((alias) => 'UpdatePolicy' in alias)
    .map(({ logicalId }) => logicalId.replace(/Live.*/, ''));

describe('a release to production', () => {
  it('goes to one request in ten first where money moves, and at once elsewhere', () => {
    expect(gradual(production)).toEqual(['Transactions', 'Holds']);
    const canary = { DeploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent5Minutes' };
    expect(groupsOf(production)).toMatchObject([canary, canary]);
  });

  it('is taken back by the errors of the function and of the API', () => {
    const takenBack = {
      AlarmConfiguration: { Enabled: true },
      AutoRollbackConfiguration: {
        Enabled: true,
        Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_REQUEST', 'DEPLOYMENT_STOP_ON_ALARM'],
      },
    };
    expect(groupsOf(production)).toMatchObject([takenBack, takenBack]);
    const watched = groupsOf(production).map(({ AlarmConfiguration }) =>
      AlarmConfiguration.Alarms.map(({ Name }) => Name),
    );
    expect(watched).toEqual([
      ['florin-prod-function-errors-transactions', 'florin-prod-api-error-rate'],
      ['florin-prod-function-errors-holds', 'florin-prod-api-error-rate'],
    ]);
  });

  // A release that names an alarm which is not there fails.
  it('looks only at alarms that are there', () => {
    const there = resourcesOf(watch, 'AWS::CloudWatch::Alarm').map((alarm) => propertyOf(alarm, 'AlarmName'));
    const watched = groupsOf(production).flatMap(({ AlarmConfiguration }) => AlarmConfiguration.Alarms);
    expect(there).toEqual(expect.arrayContaining(watched.map(({ Name }) => Name)));
  });

  it('can be hurried past its alarms', () => {
    const atOnce = {
      DeploymentConfigName: 'CodeDeployDefault.LambdaAllAtOnce',
      AlarmConfiguration: { Enabled: false },
    };
    expect(groupsOf(hurried)).toMatchObject([atOnce, atOnce]);
  });
});

describe('any other stage', () => {
  it('is released at once', () => {
    expect(gradual(elsewhere)).toEqual([]);
    expect(groupsOf(elsewhere)).toEqual([]);
  });
});

describe('Sampling', () => {
  it('traces one request in twenty in production', () => {
    expect(resourcesOf(production, 'AWS::XRay::SamplingRule').map(({ Properties }) => Properties)).toMatchObject([
      {
        SamplingRule: {
          RuleName: 'florin-prod',
          FixedRate: 0.05,
          ReservoirSize: 0,
          ServiceType: 'AWS::ApiGateway::Stage',
          ServiceName: 'florin-prod/prod',
        },
      },
    ]);
    // API Gateway's part of the name that the rule matches.
    expect(resourcesOf(production, 'AWS::ApiGateway::RestApi')[0]?.Properties).toMatchObject({ Name: 'florin-prod' });
  });

  it('leaves every other stage to the default rule', () => {
    expect(resourcesOf(elsewhere, 'AWS::XRay::SamplingRule')).toEqual([]);
  });
});
