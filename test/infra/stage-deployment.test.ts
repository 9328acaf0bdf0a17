import { writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { CdkRunner } from '../../infra/deploy/cdk-process.ts';
import { deployStage, replicaRegionOf } from '../../infra/deploy/stage-deployment.ts';

const digest = 'a'.repeat(64);
const context = ['-c', 'stage=prod', '-c', `apiKeySha256=${digest}`];
const outputsOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Florin-prod-Data': {
    LedgerTableName: 'prod-ledger-1A2B',
    PlatformTableName: 'prod-platform-3C4D',
    SecretsKeyArn: 'arn:aws:kms:us-east-1:1:key/mrk-5E6F',
  },
  'Florin-prod-Api': { ApiUrl: 'https://primary.example/prod/' },
  'Florin-prod-StandbyData': {},
  'Florin-prod-Watch': {},
  'Florin-prod-Work': {},
  'Florin-prod-StandbyWatch': {},
  'Florin-prod-StandbyWork': {},
  'Florin-prod-Standby': { ApiUrl: 'https://standby.example/prod/' },
};

/** Deploys with a command line that does nothing but write the outputs; the calls, without the file for these. */
async function deploy(cdkOptions: readonly string[], outputs = outputsOf) {
  const calls: (readonly string[])[] = [];
  const run: CdkRunner = async (words) => {
    const at = words.indexOf('--outputs-file');
    const written = Object.entries(outputs).filter(([stack]) => words.includes(stack));
    writeFileSync(words[at + 1] ?? '', JSON.stringify(Object.fromEntries(written)));
    calls.push(words.toSpliced(at, 2));
  };
  const streamOf = async (table: string, region: string) => `arn:aws:dynamodb:${region}:1:table/${table}/stream/2026`;
  const urls = await deployStage({ stage: 'prod', apiKeySha256: digest, cdkOptions }, run, streamOf);
  return { urls, calls };
}

describe('deployStage', () => {
  it('deploys the stacks of a stage in one call, with what else it was told', async () => {
    const { urls, calls } = await deploy(['-c', 'alarmEmail=operator@example.com', '--require-approval', 'never']);
    expect(calls).toEqual([
      [
        'deploy',
        'Florin-prod-Data',
        'Florin-prod-Watch',
        'Florin-prod-Work',
        'Florin-prod-Api',
        ...context,
        '-c',
        'alarmEmail=operator@example.com',
        '--require-approval',
        'never',
      ],
    ]);
    expect(urls).toEqual({ url: 'https://primary.example/prod/' });
  });

  it('with a replica, tells the standby the tables, the stream and the key, and deploys it before the primary’s functions', async () => {
    const replica = ['-c', 'replicaRegion=eu-west-1'];
    const { urls, calls } = await deploy(replica);
    const told = [
      'LedgerTableName=prod-ledger-1A2B',
      'PlatformTableName=prod-platform-3C4D',
      'SecretsKeyArn=arn:aws:kms:us-east-1:1:key/mrk-5E6F',
      'LedgerStreamArn=arn:aws:dynamodb:eu-west-1:1:table/prod-ledger-1A2B/stream/2026',
    ].flatMap((parameter) => ['--parameters', `Florin-prod-StandbyData:${parameter}`]);
    expect(calls).toEqual([
      ['deploy', 'Florin-prod-Data', ...context, ...replica],
      [
        'deploy',
        'Florin-prod-StandbyData',
        'Florin-prod-StandbyWatch',
        'Florin-prod-StandbyWork',
        'Florin-prod-Standby',
        ...context,
        ...told,
        ...replica,
      ],
      ['deploy', 'Florin-prod-Watch', 'Florin-prod-Work', 'Florin-prod-Api', ...context, ...replica],
    ]);
    expect(urls).toEqual({ url: 'https://primary.example/prod/', standbyUrl: 'https://standby.example/prod/' });
  });

  it('goes no further without the name of a table', async () => {
    const withoutTable = { ...outputsOf, 'Florin-prod-Data': {} };
    await expect(deploy(['-c', 'replicaRegion=eu-west-1'], withoutTable)).rejects.toThrow(
      'The stack Florin-prod-Data has no output LedgerTableName.',
    );
  });

  it('goes no further when the command line fails', async () => {
    let calls = 0;
    const failing: CdkRunner = async () => {
      calls += 1;
      throw new Error('cdk deploy failed.');
    };
    const cdkOptions = ['-c', 'replicaRegion=eu-west-1'];
    await expect(deployStage({ stage: 'prod', apiKeySha256: digest, cdkOptions }, failing)).rejects.toThrow(
      'cdk deploy failed.',
    );
    expect(calls).toBe(1);
  });
});

describe('replicaRegionOf', () => {
  it.each([
    [['-c', 'replicaRegion=eu-west-1']],
    [['-creplicaRegion=eu-west-1']],
    [['--context', 'replicaRegion=eu-west-1']],
    [['--context=replicaRegion=eu-west-1']],
    [['--require-approval', 'never', '-c', 'canary=off', '-c', 'replicaRegion=eu-west-1', '--verbose']],
    [['-c', 'replicaRegion=us-east-1', '-c', 'replicaRegion=eu-west-1']],
  ])('finds it in %j', (options) => {
    expect(replicaRegionOf(options)).toBe('eu-west-1');
  });

  it.each([
    [[]],
    [['-c', 'canary=off']],
    [['--tags', 'replicaRegion=eu-west-1']],
    [['-c', 'myreplicaRegion=eu-west-1']],
  ])('finds none in %j', (options: readonly string[]) => {
    expect(replicaRegionOf(options)).toBeUndefined();
  });
});
