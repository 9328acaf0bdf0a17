/**
 * `npm run deploy -- --stage NAME`: deploys a stage to AWS, or to the emulator it is named after.
 * What follows a `--` of its own goes to `cdk deploy` as it is.
 */
import { parseArgs } from 'node:util';
import { givenKey, keyDigest, newApiKey } from '../api-key.ts';
import { stackNames } from '../stack-names.ts';
import { type Emulator, type Stage, stageNamed } from '../stage.ts';
import { cdk } from './cdk-process.ts';
import { deployedKeyDigest } from './deployed-key.ts';
import { type DeployedStage, deployedStages, rememberStage } from './deployed-stages.ts';
import { emulatorAccount, emulatorApiUrl, emulatorEnvironment } from './emulator-endpoint.ts';
import { deployStage } from './stage-deployment.ts';

const defaultEndpoint = 'http://127.0.0.1:4566';

/** An emulator that has just started may be long over its first answer; one that is not there refuses at once. */
const answerTimeoutMs = 30_000;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: { stage: { type: 'string' } }, allowPositionals: true });
  const stage = stageNamed(values.stage ?? 'dev');
  if (stage.platform === 'aws') await deployToAws(stage, positionals);
  else await deployToEmulator(stage, stage.platform, positionals);
}

/** The credentials, the account and the Region are those of the environment, as for any other AWS client. */
async function deployToAws(stage: Stage, cdkOptions: readonly string[]): Promise<void> {
  if (process.env.AWS_ENDPOINT_URL) {
    throw new Error(`AWS_ENDPOINT_URL is set, so the stage ${stage.name} would not reach AWS. Unset it and try again.`);
  }
  const given = process.env.FLORIN_STAGE_KEY && givenKey(process.env.FLORIN_STAGE_KEY, stage.name);
  const kept = given ? undefined : await deployedKeyDigest(stackNames(stage.name).api);
  const key = given || newApiKey(stage.name);
  const apiKeySha256 = kept ?? keyDigest(key);
  const { url, standbyUrl } = await deployStage({ stage: stage.name, apiKeySha256, cdkOptions });
  console.log(`\nURL   ${url}`);
  if (standbyUrl) console.log(`      ${standbyUrl} is the standby's; it takes no changes until it is opened.`);
  if (given) console.log('Key   as in FLORIN_STAGE_KEY');
  else if (kept) console.log('Key   as before');
  else console.log(`Key   ${key}\n      It is shown this once and kept nowhere; the stage knows its SHA-256 only.`);
}

async function deployToEmulator(stage: Stage, emulator: Emulator, cdkOptions: readonly string[]): Promise<void> {
  const endpoint = process.env.AWS_ENDPOINT_URL || defaultEndpoint;
  const environment = { ...process.env, ...emulatorEnvironment(endpoint) };
  await assertAnswers(endpoint, emulator);
  await cdk(['bootstrap', `aws://${emulatorAccount}/us-east-1`, '-c', `stage=${stage.name}`, '--quiet'], environment);
  if (emulator === 'localstack') await removeFunctions(stage, endpoint, environment);
  const apiKey = process.env.FLORIN_STAGE_KEY || rememberedKey(stage) || newApiKey(stage.name);
  const { url: apiUrl } = await deployStage({
    stage: stage.name,
    apiKeySha256: keyDigest(apiKey),
    // Who tries an emulator has receivers of webhooks on this machine. It is said here, so that the template of a stage is the same everywhere.
    cdkOptions: ['--require-approval', 'never', '-c', 'webhookTargets=any', ...cdkOptions],
    environment,
  });
  const deployed: DeployedStage = { stage: stage.name, url: emulatorApiUrl(emulator, endpoint, apiUrl), apiKey };
  rememberStage(deployed);
  console.log(`\nURL   ${deployed.url}\nKey   ${apiKey}\n\nnpm run test:e2e -- --url ${deployed.url}`);
}

/**
 * LocalStack's CloudFormation cannot move an alias to another version, which is what a release is: what may be replaced at
 * any time is taken away there and made anew. The tables are in a stack of their own and stay.
 */
async function removeFunctions(stage: Stage, endpoint: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const { api, work } = stackNames(stage.name);
  if ((await deployedKeyDigest(api, { endpoint })) !== undefined) {
    await cdk(['destroy', api, work, '--force', '-c', `stage=${stage.name}`], environment);
  }
}

/** An emulator forgets when it stops; with the same key after each deployment, its users need not notice. */
function rememberedKey(stage: Stage): string | undefined {
  return deployedStages().find((deployed) => deployed.stage === stage.name)?.apiKey;
}

async function assertAnswers(endpoint: string, emulator: Emulator): Promise<void> {
  try {
    await fetch(endpoint, { signal: AbortSignal.timeout(answerTimeoutMs) });
  } catch (error) {
    throw new Error(`No ${emulator} answers at ${endpoint}. Start it, or name its address in AWS_ENDPOINT_URL.`, {
      cause: error,
    });
  }
}

try {
  await main();
} catch (error) {
  console.error(`\n${(error as Error).message}`);
  process.exitCode = 1;
}
