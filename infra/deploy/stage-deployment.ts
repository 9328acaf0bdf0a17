import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { outputs, standbyParameters } from '../outputs.ts';
import { stackNames } from '../stack-names.ts';
import { type CdkRunner, cdk } from './cdk-process.ts';
import { replicaStream, type StreamFinder } from './replica-stream.ts';

export interface StageDeployment {
  readonly stage: string;
  readonly apiKeySha256: string;
  /** What goes to each `cdk deploy` as it is. */
  readonly cdkOptions: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

/** Where a deployed stage answers, as its templates say. */
export interface DeployedUrls {
  readonly url: string;
  /** Only of a stage with a replica. */
  readonly standbyUrl?: string;
}

/**
 * Deploys all stacks of the stage. With a replica they are deployed in three calls, because the standby has to be told the names
 * that the first call gave the tables; and the standby before the primary, so that it can read what the primary will write.
 * @throws Error when the CDK could not; it has printed why. What was deployed before stays.
 */
export async function deployStage(
  deployment: StageDeployment,
  run: CdkRunner = cdk,
  streamOf: StreamFinder = replicaStream,
): Promise<DeployedUrls> {
  const { data, watch, work, api, standbyData, standbyWatch, standbyWork, standby } = stackNames(deployment.stage);
  const replicaRegion = replicaRegionOf(deployment.cdkOptions);
  if (replicaRegion === undefined) {
    const deployed = await deployStacks([data, watch, work, api], [], deployment, run);
    return { url: deployed(api, outputs.apiUrl) };
  }
  const primary = await deployStacks([data], [], deployment, run);
  const ledger = primary(data, outputs.ledgerTable);
  const told = {
    // The parameters have the names of the outputs that they take.
    [outputs.ledgerTable]: ledger,
    [outputs.platformTable]: primary(data, outputs.platformTable),
    [outputs.secretsKey]: primary(data, outputs.secretsKey),
    [standbyParameters.ledgerStream]: await streamOf(ledger, replicaRegion),
  };
  const parameters = Object.entries(told).flatMap(([name, value]) => [
    '--parameters',
    `${standbyData}:${name}=${value}`,
  ]);
  const standingBy = [standbyData, standbyWatch, standbyWork, standby];
  const inReplicaRegion = await deployStacks(standingBy, parameters, deployment, run);
  const deployed = await deployStacks([watch, work, api], [], deployment, run);
  return { url: deployed(api, outputs.apiUrl), standbyUrl: inReplicaRegion(standby, outputs.apiUrl) };
}

/** The Region of the replica that the CDK's options ask for, in any of the ways in which its command line takes a context value. */
export function replicaRegionOf(cdkOptions: readonly string[]): string | undefined {
  const { values } = parseArgs({
    args: [...cdkOptions],
    options: { context: { type: 'string', short: 'c', multiple: true } },
    // The other options are the CDK's to judge.
    strict: false,
  });
  const given = (values.context ?? []).map((value) => /^replicaRegion=(.+)$/.exec(String(value))?.[1]);
  return given.findLast((region) => region !== undefined);
}

type OutputReader = (stack: string, output: string) => string;

const outputsFile = z.record(z.string(), z.record(z.string(), z.string()));

async function deployStacks(
  stacks: readonly string[],
  parameters: readonly string[],
  { stage, apiKeySha256, cdkOptions, environment = process.env }: StageDeployment,
  run: CdkRunner,
): Promise<OutputReader> {
  const folder = mkdtempSync(path.join(tmpdir(), 'florin-outputs-'));
  const file = path.join(folder, 'outputs.json');
  try {
    const context = ['-c', `stage=${stage}`, '-c', `apiKeySha256=${apiKeySha256}`];
    await run(['deploy', ...stacks, ...context, ...parameters, '--outputs-file', file, ...cdkOptions], environment);
    const written = outputsFile.parse(JSON.parse(readFileSync(file, 'utf8')));
    return (stack, output) => {
      const value = written[stack]?.[output];
      if (!value) throw new Error(`The stack ${stack} has no output ${output}.`);
      return value;
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
