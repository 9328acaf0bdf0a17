/**
 * Deploys the application to an emulator of AWS, runs the end-to-end suite there, then deploys once more over it and
 * checks what an update must keep: `node test/deployed/main.ts ministack|localstack [--report FILE]`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type DeployedStage, deployedStages } from '../../infra/deploy/deployed-stages.ts';
import { emulatorEnvironment } from '../../infra/deploy/emulator-endpoint.ts';
import { addReports, type TestReport } from '../support/test-report.ts';
import type { RunningEmulator } from './emulator-process.ts';
import { localStack } from './localstack.ts';
import { startMinistack } from './ministack.ts';

const project = path.resolve(import.meta.dirname, '../..');
const starters: Readonly<Record<string, () => Promise<RunningEmulator>>> = {
  ministack: startMinistack,
  localstack: localStack,
};

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({ options: { report: { type: 'string' } }, allowPositionals: true });
  const [name = ''] = positionals;
  const start = starters[name];
  if (!start) throw new Error(`Name one of: ${Object.keys(starters).join(', ')}`);
  // The stage's key and URL are kept here, apart from those of the user's own stages, and so is what is synthesised.
  const work = mkdtempSync(path.join(tmpdir(), `florin-${name}-`));
  process.env.FLORIN_DATA = work;
  process.env.FLORIN_CDK_OUT = path.join(work, 'cdk.out');
  const emulator = await start();
  try {
    const environment = { ...process.env, ...emulatorEnvironment(emulator.endpoint) };
    if (!(await node(['infra/deploy/main.ts', '--stage', name], environment)))
      throw new Error('The deployment failed.');
    const stage = deployedStages().find((each) => each.stage === name);
    if (!stage) throw new Error('The deployment left no record of its stage.');
    const reports = [
      await jest(['test/e2e', '--maxWorkers=1'], stage, environment, path.join(work, 'e2e.json')),
      await jest(['--config', 'test/deployed/jest.config.js'], stage, environment, path.join(work, 'deployed.json')),
    ];
    const total = reports.reduce(addReports);
    if (values.report) writeFileSync(values.report, JSON.stringify(total));
    return total.numFailedTests + total.numRuntimeErrorTestSuites === 0;
  } finally {
    await emulator.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

async function jest(
  words: readonly string[],
  stage: DeployedStage,
  environment: NodeJS.ProcessEnv,
  report: string,
): Promise<TestReport> {
  const nodeOptions = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  await node([...nodeOptions, 'node_modules/jest/bin/jest.js', ...words, '--json', '--outputFile', report], {
    ...environment,
    FLORIN_STAGE: stage.stage,
    FLORIN_URL: stage.url,
    FLORIN_API_KEY: stage.apiKey,
  });
  return JSON.parse(readFileSync(report, 'utf8'));
}

async function node(words: readonly string[], environment: NodeJS.ProcessEnv): Promise<boolean> {
  const child = spawn(process.execPath, words, {
    cwd: project,
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  return code === 0;
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
