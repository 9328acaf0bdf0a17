import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const project = path.resolve(import.meta.dirname, '../..');
const cli = path.join(project, 'node_modules/aws-cdk/bin/cdk');

/** Runs the CDK's command line with the words after `cdk`; rejects when it ends with anything but success. */
export type CdkRunner = (words: readonly string[], environment: NodeJS.ProcessEnv) => Promise<void>;

/**
 * Runs the CDK's command line with this terminal. What it synthesises goes to the folder that FLORIN_CDK_OUT names, for the CDK lets
 * only one process use a folder at a time, and to `cdk.out` otherwise.
 * @throws Error when it ends with anything but success.
 */
export const cdk: CdkRunner = async (words, environment) => {
  const { FLORIN_CDK_OUT: folder } = environment;
  const output = folder ? ['--output', folder] : [];
  const child = spawn(process.execPath, [cli, ...words, ...output], {
    cwd: project,
    env: environment,
    stdio: 'inherit',
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`cdk ${words[0]} failed.`);
};
