import { beforeAll, describe, expect, it } from '@jest/globals';
import { functionNames, isWorker } from './function-list.ts';
import { synthesise } from './synthesise.ts';
import type { ValidationReport } from './validation-report.ts';

let report: ValidationReport;
let inProduction: ValidationReport;
beforeAll(async () => {
  report = (await synthesise()).report;
  inProduction = (await synthesise({ context: { stage: 'prod' } })).report;
}, 300_000);

const acknowledged = ({ pluginReports }: ValidationReport) =>
  pluginReports.flatMap(({ suppressedViolations }) => suppressedViolations ?? []);

describe('the validation report', () => {
  it('is of AwsSolutions and finds nothing', () => {
    const clean = [{ pluginName: 'AwsSolutions', conclusion: 'success', violations: [] }];
    expect(report.pluginReports).toMatchObject(clean);
    expect(inProduction.pluginReports).toMatchObject(clean);
  });

  // A rule that is set aside but no longer violated drops out of the report, so this notices that too.
  it('sets rules aside only where they are known to be', () => {
    const logPushing = 'Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs';
    const api = 'Florin-test-Api/Api/RestApi';
    const roles = functionNames.map((name) => {
      const id = name.replaceAll(/(?:^|-)(\w)/g, (_, first: string) => first.toUpperCase());
      return `Florin-test-${isWorker(name) ? 'Work' : 'Api'}/${id}/Role`;
    });
    expect(
      acknowledged(report)
        .map(({ ruleName, acknowledgedAt }) => `${ruleName} at ${acknowledgedAt}`)
        .sort(),
    ).toEqual(
      [
        `AwsSolutions-APIG2 at ${api}`,
        `AwsSolutions-APIG3 at ${api}`,
        `AwsSolutions-APIG4 at ${api}`,
        `AwsSolutions-COG4 at ${api}`,
        `AwsSolutions-IAM4[${logPushing}] at ${api}`,
        ...roles.map((role) => `AwsSolutions-IAM5[Resource::*] at ${role}`),
        'AwsSolutions-SQS3 at Florin-test-Work/Messaging/StreamFailures',
      ].sort(),
    );
  });

  it('sets one more aside for gradual releases in production', () => {
    const places = (of: ValidationReport) =>
      acknowledged(of).map(({ acknowledgedAt }) => acknowledgedAt.replace(/^Florin-\w+-/, ''));
    const already = new Set(places(report));
    expect(
      places(inProduction)
        .filter((place) => !already.has(place))
        .sort(),
    ).toEqual(['Api/Holds/Release/Group', 'Api/Transactions/Release/Group']);
  });

  it('gives each a reason', () => {
    for (const { reason } of acknowledged(inProduction)) expect(reason).toMatch(/^[A-Z].{40,}\.$/);
  });
});

describe('synthesis', () => {
  it('fails for a resource that breaks a rule', async () => {
    const addUnencryptedQueue = synthesise({ isFaulty: true });
    await expect(addUnencryptedQueue).rejects.toThrow('AwsSolutions-SQS4');
  });
});
