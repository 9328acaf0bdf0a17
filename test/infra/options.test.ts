import { describe, expect, it } from '@jest/globals';
import { App } from 'aws-cdk-lib';
import { optionsOf } from '../../infra/options.ts';
import { propertyOf, resourcesOf } from './cloudformation-template.ts';
import { synthesise } from './synthesise.ts';

const optionsFrom = (context: Record<string, unknown>) => optionsOf(new App({ context, analyticsReporting: false }));

describe('optionsOf', () => {
  it('is a canary, webhooks to the public and nothing else by default', () => {
    expect(optionsFrom({})).toEqual({
      canary: 'on',
      webhookTargets: 'public',
      stageLimit: { requestsPerSecond: 2_000, burst: 2_000 },
    });
  });

  // The CDK CLI passes every value on as a string.
  it('reads values as the CDK CLI gives them', () => {
    expect(
      optionsFrom({
        alarmEmail: 'operator@example.com',
        replicaRegion: 'ap-southeast-2',
        canary: 'off',
        webhookTargets: 'any',
        stageRequestsPerSecond: '500',
        stageBurst: '800',
        warmReadsPerSecond: '15000',
        warmWritesPerSecond: '8000',
      }),
    ).toEqual({
      alarmEmail: 'operator@example.com',
      replicaRegion: 'ap-southeast-2',
      canary: 'off',
      webhookTargets: 'any',
      stageLimit: { requestsPerSecond: 500, burst: 800 },
      warmThroughput: { readUnitsPerSecond: 15_000, writeUnitsPerSecond: 8_000 },
    });
  });

  it('leaves what is not asked for at what a new table has', () => {
    const { warmThroughput } = optionsFrom({ warmWritesPerSecond: 20_000 });
    expect(warmThroughput).toEqual({ readUnitsPerSecond: 12_000, writeUnitsPerSecond: 20_000 });
  });

  it.each([
    ['alarmEmail', 'operator'],
    ['replicaRegion', 'Ireland'],
    ['canary', 'maybe'],
    ['webhookTargets', 'private'],
    ['stageRequestsPerSecond', '0'],
    ['stageRequestsPerSecond', '10001'],
    ['stageBurst', '5001'],
    ['stageBurst', 'many'],
    ['warmWritesPerSecond', '3999'],
    ['warmWritesPerSecond', '40001'],
    ['warmWritesPerSecond', 'many'],
    ['warmReadsPerSecond', '11999'],
    ['warmReadsPerSecond', '12000.5'],
  ])('refuses %s=%s, and names it', (name, value) => {
    expect(() => optionsFrom({ [name]: value })).toThrow(`The context is not valid. ${name}: `);
  });
});

describe('the stage', () => {
  it('takes as many requests as is asked for', async () => {
    const { api } = await synthesise({ context: { stageRequestsPerSecond: '300', stageBurst: '400' } });
    const [stage] = resourcesOf(api, 'AWS::ApiGateway::Stage');
    expect(stage && propertyOf(stage, 'MethodSettings')).toEqual([
      expect.objectContaining({ ThrottlingRateLimit: 300, ThrottlingBurstLimit: 400 }),
    ]);
  });
});

describe('the ledger table', () => {
  const warmth = async (context: Record<string, unknown>) => {
    const { data } = await synthesise({ context });
    return resourcesOf(data, 'AWS::DynamoDB::GlobalTable').map((table) => propertyOf(table, 'WarmThroughput'));
  };

  it('is as warm as is asked for, and the idempotency table is not', async () => {
    expect(await warmth({ warmWritesPerSecond: '20000' })).toEqual([
      { ReadUnitsPerSecond: 12_000, WriteUnitsPerSecond: 20_000 },
      undefined,
    ]);
    expect(await warmth({})).toEqual([undefined, undefined]);
  }, 300_000);
});
