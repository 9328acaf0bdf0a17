import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { newApiKey } from '../../infra/api-key.ts';
import { deployedStages } from '../../infra/deploy/deployed-stages.ts';
import { auditOverApi, historyOf } from '../support/api-books.ts';
import { ApiClient } from '../support/api-client.ts';
import { physicalIds, stageUnderTest } from './stage.ts';

const project = path.resolve(import.meta.dirname, '../..');
const { stage, url, apiKey, apiStack, dataStack } = stageUnderTest();
const run = `update:${Date.now().toString(36)}`;
const [bank, alice] = [`${run}:bank`, `${run}:alice`];
const asset = 'USD/2';
/** On two busy processors bundling and synthesis alone take minutes. */
const deploymentTimeoutMs = 600_000;

describe('a deployment over one that is in use', () => {
  it(
    'replaces the functions and the key, and keeps the tables and what is in them',
    async () => {
      const before = new ApiClient(url, apiKey, { insists: true });
      await before.post('/v1/assets', { code: asset });
      for (const account of [bank, alice]) {
        expect((await before.settle('/v1/accounts', { id: account, unbounded: account === bank })).status).toBe(201);
      }
      const transfer = { source: bank, destination: alice, asset, amount: '1050' };
      const made = await before.settle('/v1/transfers', transfer, `${run}:transfer`);
      expect(made.status).toBe(201);
      const history = await historyOf(before, alice, asset);
      const tables = await describedTables();
      const versions = await physicalIds(apiStack, 'AWS::Lambda::Version');
      expect(Object.keys(tables)).toHaveLength(3);

      const newKey = newApiKey(stage);
      await deploy(newKey);

      expect(await describedTables()).toEqual(tables);
      expect(await physicalIds(apiStack, 'AWS::Lambda::Version')).not.toEqual(versions);
      const deployed = deployedStages().find((each) => each.stage === stage);
      const after = new ApiClient(deployed?.url ?? '', newKey, { insists: true });
      expect(await historyOf(after, alice, asset)).toEqual(history);
      const replayed = await after.settle('/v1/transfers', transfer, `${run}:transfer`);
      expect([replayed.status, replayed.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
      expect(replayed.body).toEqual(made.body);
      expect((await after.settle('/v1/transfers', transfer)).body.entries[1]).toMatchObject({ sequence: '2' });
      expect(await auditOverApi(after, [bank, alice], asset)).toEqual([]);
      const withTheOldKey = after.with(apiKey);
      expect((await withTheOldKey.get(`/v1/accounts/${alice}`)).status).toBe(401);
    },
    deploymentTimeoutMs,
  );
});

/** What tells whether a table is still the one it was. */
async function describedTables(): Promise<Record<string, unknown>> {
  const client = new DynamoDBClient({});
  const names = await physicalIds(dataStack, 'AWS::DynamoDB::GlobalTable');
  const described: Record<string, unknown> = {};
  for (const [logicalId, name] of Object.entries(names)) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
    described[logicalId] = {
      name,
      id: Table?.TableId,
      created: Table?.CreationDateTime,
      stream: Table?.LatestStreamArn,
    };
  }
  return described;
}

async function deploy(key: string): Promise<void> {
  const child = spawn(process.execPath, ['infra/deploy/main.ts', '--stage', stage], {
    cwd: project,
    env: { ...process.env, FLORIN_STAGE_KEY: key },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  expect(await once(child, 'exit')).toEqual([0, null]);
}
