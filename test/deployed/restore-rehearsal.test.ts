import { execFile } from 'node:child_process';
import path from 'node:path';
import { DynamoDBClient, UpdateContinuousBackupsCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { stageUnderTest, tableOf } from './stage.ts';

const project = path.resolve(import.meta.dirname, '../..');
const { stage, dataStack } = stageUnderTest();
const rehearsalTimeoutMs = 180_000;

/** Runs the script as an operator does. */
function rehearse(...words: readonly string[]): Promise<{ code: number; output: string }> {
  const script = ['scripts/restore-rehearsal.ts', ...words];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, script, { cwd: project, timeout: rehearsalTimeoutMs }, (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, output: out + err }),
    );
  });
}

describe('the rehearsal of a restoration', () => {
  it(
    'restores the ledger as far as the emulator can, and finds its books sound',
    async () => {
      const table = await tableOf(dataStack, 'Ledger');
      if (stage === 'localstack') {
        const { code, output } = await rehearse('--table', table);
        expect([code, output]).toEqual([2, expect.stringContaining('Cannot restore')]);
        const copied = await rehearse('--table', table, '--copy');
        expect([copied.code, copied.output]).toEqual([0, expect.stringContaining('sound')]);
        return;
      }
      // The emulator takes no notice of the template's setting.
      const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
      await new DynamoDBClient({}).send(
        new UpdateContinuousBackupsCommand({ TableName: table, PointInTimeRecoverySpecification }),
      );
      const { code, output } = await rehearse('--table', table);
      expect([code, output]).toEqual([0, expect.stringContaining('sound')]);
    },
    2 * rehearsalTimeoutMs,
  );
});
