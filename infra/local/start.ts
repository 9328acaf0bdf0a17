import { relative, resolve } from 'node:path';
import { terminalStyle, welcome } from './console-output.ts';
import { type EmbeddedRuntime, startEmbedded } from './embedded.ts';
import { StartFailure } from './start-failure.ts';

const defaultPort = 3_000;
const maximumIsolates = 64;

/** Runs the whole application on this machine, as the environment wants it, until it is stopped; then it ends the process. */
export async function start(): Promise<void> {
  try {
    await run();
  } catch (error) {
    fail(error);
  }
}

async function run(): Promise<void> {
  const dataFolder = process.env.FLORIN_DATA || '.florin';
  console.log('Starting Florin');
  const runtime = await startEmbedded({
    port: integer('PORT', 0, 65_535) ?? defaultPort,
    dataFolder,
    apiKey: process.env.FLORIN_API_KEY || undefined,
    isolates: integer('FLORIN_ISOLATES', 1, maximumIsolates),
    seed: process.env.FLORIN_SEED !== 'off',
    style: terminalStyle(process.env, process.stdout.isTTY === true),
    dynamodbEndpoint: process.env.AWS_ENDPOINT_URL_DYNAMODB || undefined,
  });
  stopOnSignal(runtime);
  const url = `http://localhost:${runtime.port}`;
  console.log(welcome(url, runtime.apiKey, shortPath(dataFolder), process.uptime() * 1_000));
  const problem = await runtime.lost;
  console.error(
    `The embedded DynamoDB has ended: ${problem}\nStart again; whatever was answered is in the data folder.`,
  );
  process.exit(1);
}

/** The first signal finishes what is in flight; a second one does not wait. */
function stopOnSignal(runtime: EmbeddedRuntime): void {
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) {
      process.exit(130);
    }
    stopping = true;
    console.log('\nStopping (once more to stop at once)');
    await runtime.stop();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      stop().catch(fail);
    });
  }
}

function integer(name: string, minimum: number, maximum: number): number | undefined {
  const text = process.env[name];
  if (!text) {
    return undefined;
  }
  const value = Number(text);
  if (!Number.isInteger(value) || value < minimum || value > maximum) {
    throw new StartFailure(`${name}=${text} is not a whole number from ${minimum} to ${maximum}.`);
  }
  return value;
}

function shortPath(folder: string): string {
  const short = relative('.', folder) || '.';
  return short.startsWith('..') ? resolve(folder) : short;
}

function fail(error: unknown): never {
  console.error(error instanceof StartFailure ? `\n${error.message}` : error);
  process.exit(1);
}
