import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { developmentKey } from './api-key.ts';
import { type ApplicationBuild, builtApplication } from './application-build.ts';
import { type Progress, silent, terminal } from './console-output.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import type { Deployment } from './deployment.ts';
import { openFunctionLog } from './function-log.ts';
import { type Gateway, type GatewayOptions, startGateway } from './gateway.ts';
import { type DevelopmentIssuer, startIssuer, tokenPath } from './issuer.ts';
import { type FunctionOptions, LambdaFunction } from './lambda-function.ts';
import type { LocalPage } from './local-pages.ts';
import { MetricRegistry } from './metric-registry.ts';
import { assertPortFree, withPort } from './port.ts';
import type { TerminalStyle } from './readable-line.ts';
import { addRuntimeMetrics } from './runtime-metrics.ts';
import { playSchedules } from './schedules.ts';
import { seed } from './seed.ts';
import { type Services, startServices } from './services.ts';
import { addSourceMetrics } from './source-metrics.ts';
import { type EventSources, startEventSources } from './sources/event-sources.ts';
import { readApplication } from './template-reader.ts';

export interface EmbeddedOptions {
  /** 0 (the default) for any free port. */
  readonly port?: number;
  readonly dataFolder: string;
  /** The development key; by default made once and kept in the data folder. */
  readonly apiKey?: string;
  /** Runs each function in so many isolates with one request each; by default in one that serves many at once. */
  readonly isolates?: number;
  /** Whether to make the demo data if it was not made yet. Default: yes. */
  readonly seed?: boolean;
  /** Says nothing on the terminal. */
  readonly quiet?: boolean;
  /** What functions print that is shown; by default warnings and errors only, without colours. */
  readonly style?: TerminalStyle;
  /** Uses this DynamoDB and starts none. */
  readonly dynamodbEndpoint?: string;
  /** Gives the functions another endpoint than the real one, such as that of a proxy in front of it. */
  readonly functionsEndpoint?: (dynamodbEndpoint: string) => string | Promise<string>;
  /** A synthesised application to run; by default this project's, built when its sources have changed. */
  readonly assemblyFolder?: string;
}

export interface EmbeddedRuntime {
  readonly url: string;
  readonly port: number;
  readonly apiKey: string;
  /** The development issuer: what it calls itself, where its keys are, and where it gives tokens to whoever has the key. */
  readonly tokens: Readonly<Record<'issuer' | 'jwksUri' | 'url', string>>;
  readonly dynamodbEndpoint: string;
  /** The process of the embedded DynamoDB; absent if another one is used. */
  readonly dynamodbPid?: number;
  /** The tables' names by their logical ids in the template. */
  readonly tables: Readonly<Record<string, string>>;
  /** Where SQS and SNS answer; absent if the template has neither. */
  readonly queuesEndpoint?: string;
  /** The queues' URLs by their logical ids in the template. */
  readonly queueUrls: Readonly<Record<string, string>>;
  /** The topics' ARNs by their logical ids in the template. */
  readonly topicArns: Readonly<Record<string, string>>;
  /** Resolves when all is processed that calls functions with batches: streams at their ends, queues empty, nothing underway. */
  drained(): Promise<void>;
  /** Settles with a description if the embedded DynamoDB ends by itself; the runtime is of no use then. */
  readonly lost: Promise<string>;
  /** Finishes the requests and batches in flight, then stops everything. */
  stop(): Promise<void>;
}

const finishRequestsWithinMs = 10_000;
const finishBatchesWithinMs = 10_000;
/** Functions that were not called for so long give their memory back; the next call takes some 150 ms longer. */
const reclaimAfterMs = 60_000;
const reclaimIntervalMs = 15_000;

/**
 * Starts the whole application in this process: the template's tables, queues, functions, API and event sources.
 * @throws {StartFailure} for what the user can put right; whatever had been started is stopped again.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedRuntime> {
  const progress = options.quiet ? silent : terminal;
  await using cleanup = new AsyncDisposableStack();
  await assertPortFree(options.port ?? 0);
  const folder = openDataFolder(options.dataFolder);
  cleanup.defer(() => folder.close());
  const apiKey = developmentKey(folder.apiKeyFile, options.apiKey);
  const issuer = await startIssuer(folder.issuerKeyFile, apiKey);
  cleanup.defer(() => issuer.stop());

  const { folder: assemblyFolder, compiledCodeFolder }: Assembly = options.assemblyFolder
    ? { folder: options.assemblyFolder }
    : await build(progress, cleanup);
  const application = readApplication(assemblyFolder);
  let sources: EventSources | undefined;
  const services = await startServices(application, {
    ...options,
    apiKey,
    tokenIssuers: issuer.configuration,
    folder,
    progress,
    cleanup,
    consumedUpTo: (table) => sources?.consumedUpTo(table) ?? 0,
  });
  const { deployment, queues, endpoints } = services;
  const metrics = new MetricRegistry(progress.warn);
  let isReady = false;
  const output = openFunctionLog({
    file: folder.logFile,
    style: options.style ?? { requests: false, colours: false },
    warn: progress.warn,
    // The requests that make the demo data are nobody's.
    say: (line) => isReady && progress.say(line),
    measure: (functionName, entry) => metrics.record(functionName, entry),
  });
  const { functions, reclaim } = prepareFunctions(
    deployment,
    { endpoints, isolates: options.isolates, compiledCodeFolder, output },
    cleanup,
  );
  const started = await connectSources(services, functions, folder, options.isolates, output.failed);
  sources = started;
  cleanup.defer(() => started.stop(finishBatchesWithinMs));

  const gateway = await openGateway(options.port ?? 0, {
    api: deployment.api,
    functions,
    pages: pagesOf(metrics, issuer),
    failed: (message) => output.failed('gateway', message),
  });
  const stopSchedules = playSchedules(deployment.schedules, functions);
  cleanup.defer(stopSchedules);
  addRuntimeMetrics(metrics.registry, { functions, responses: gateway.responses });
  addSourceMetrics(metrics.registry, { sources, queues, names: deployment.queues.map(({ name }) => name) });
  cleanup.defer(() => gateway.stop(finishRequestsWithinMs));
  folder.announce(gateway.port);
  const url = `http://127.0.0.1:${gateway.port}`;
  if (options.seed !== false) {
    await seedOnce(progress, folder, options.dynamodbEndpoint ?? 'embedded', url, apiKey);
    // Most of what the seed has called is not called again for a while.
    await reclaim(0);
  }

  isReady = true;
  const running = cleanup.move();
  return {
    url,
    port: gateway.port,
    apiKey,
    tokens: { issuer: issuer.issuer, jwksUri: issuer.jwksUri, url: url + tokenPath },
    ...namesOf(services),
    drained: () => started.drained(),
    lost: services.database.lost,
    stop: () => running.disposeAsync(),
  };
}

function openGateway(port: number, options: Omit<GatewayOptions, 'port'>): Promise<Gateway> {
  return withPort(port, (free) => startGateway({ ...options, port: free }));
}

/** What is beside the API, on its port. */
function pagesOf(metrics: LocalPage, { page }: DevelopmentIssuer): ReadonlyMap<string, LocalPage> {
  return new Map([
    ['/metrics', metrics],
    [tokenPath, page],
  ]);
}

function connectSources(
  { deployment, queues, database }: Services,
  functions: ReadonlyMap<string, LambdaFunction>,
  { queuesFolder }: DataFolder,
  isolates: number | undefined,
  failed: (functionName: string, message: string) => void,
): Promise<EventSources> {
  const { endpoint: dynamodbEndpoint, changes } = database;
  return startEventSources({
    deployment,
    functions,
    queues,
    queuesFolder,
    dynamodbEndpoint,
    changes,
    isolates,
    failed,
  });
}

/** Where the services are, and what they call what the template names. */
function namesOf({ deployment, queues, database }: Services) {
  return {
    dynamodbEndpoint: database.endpoint,
    dynamodbPid: database.pid,
    ...(queues && { queuesEndpoint: queues.endpoint }),
    tables: Object.fromEntries(deployment.tables.map(({ logicalId, name }) => [logicalId, name])),
    queueUrls: Object.fromEntries(
      deployment.queues.map(({ logicalId, name }) => [logicalId, queues?.queueUrl(name) ?? '']),
    ),
    topicArns: Object.fromEntries(deployment.topics.map(({ logicalId, arn }) => [logicalId, arn])),
  };
}

/** The functions, which start when they are called and end when they are not. */
function prepareFunctions(
  { functions: definitions }: Deployment,
  options: FunctionOptions,
  cleanup: AsyncDisposableStack,
): { functions: ReadonlyMap<string, LambdaFunction>; reclaim: (idleMs: number) => Promise<void> } {
  const functions = new Map(definitions.map((each) => [each.name, new LambdaFunction(each, options)]));
  const reclaim = async (idleMs: number): Promise<void> => {
    await Promise.all([...functions.values()].map((each) => each.reclaim(idleMs)));
  };
  const reclaimer = setInterval(() => void reclaim(reclaimAfterMs), reclaimIntervalMs).unref();
  cleanup.defer(async () => {
    clearInterval(reclaimer);
    await Promise.all([...functions.values()].map((each) => each.stop()));
  });
  return { functions, reclaim };
}

type Assembly = Pick<ApplicationBuild, 'folder'> & Partial<ApplicationBuild>;

async function build(progress: Progress, cleanup: AsyncDisposableStack): Promise<Assembly> {
  const application = await progress.step('functions and template', builtApplication);
  cleanup.defer(application.release);
  return application;
}

/** The mark names the database, since the demo data lies there and not in the folder. */
async function seedOnce(
  progress: Progress,
  folder: DataFolder,
  database: string,
  url: string,
  apiKey: string,
): Promise<void> {
  const mark = `${JSON.stringify({ database })}\n`;
  if (existsSync(folder.seededFile) && readFileSync(folder.seededFile, 'utf8') === mark) {
    return;
  }
  await progress.step('demo data', () => seed(url, apiKey));
  writeFileSync(folder.seededFile, mark);
}
