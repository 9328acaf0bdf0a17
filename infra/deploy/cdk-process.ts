import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { outputs } from '../outputs.ts';

const project = path.resolve(import.meta.dirname, '../..');
const cli = path.join(project, 'node_modules/aws-cdk/bin/cdk');

export interface StackDeployment {
  readonly stage: string;
  readonly apiKeySha256: string;
  readonly cdkOptions: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

const outputsFile = z.record(z.string(), z.record(z.string(), z.string()));

/**
 * Deploys all stacks of the stage and tells the URL that the template says the API has.
 * @throws Error when the CDK could not; it has printed why.
 */
export async function deployStacks(deployment: StackDeployment): Promise<string> {
  const { stage, apiKeySha256, cdkOptions, environment = process.env } = deployment;
  const stack = `Florin-${stage}-Api`;
  const folder = mkdtempSync(path.join(tmpdir(), 'florin-outputs-'));
  const file = path.join(folder, 'outputs.json');
  try {
    const context = ['-c', `stage=${stage}`, '-c', `apiKeySha256=${apiKeySha256}`];
    await cdk(
      ['deploy', `Florin-${stage}-Data`, stack, ...context, '--outputs-file', file, ...cdkOptions],
      environment,
    );
    const url = outputsFile.parse(JSON.parse(readFileSync(file, 'utf8')))[stack]?.[outputs.apiUrl];
    if (!url) throw new Error(`The stack ${stack} has no output ${outputs.apiUrl}.`);
    return url;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs the CDK's command line with this terminal.
 * @throws Error when it ends with anything but success.
 */
export async function cdk(words: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(process.execPath, [cli, ...words], { cwd: project, env: environment, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`cdk ${words[0]} failed.`);
}
