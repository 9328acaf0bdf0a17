import { keyDigest } from '../api-key.ts';
import type { Progress } from './console-output.ts';
import type { DataFolder } from './data-folder.ts';
import { type Database, startDatabase } from './database.ts';
import type { Deployment } from './deployment.ts';
import { startKeyService } from './key-service.ts';
import type { ServiceEndpoints } from './lambda-function.ts';
import type { LoopbackServer } from './loopback-server.ts';
import { startParameterStore } from './parameter-store.ts';
import { Parameters } from './parameters.ts';
import { type QueueService, startQueues } from './queues.ts';
import { secretsKey } from './secrets-key.ts';
import type { Application } from './template-reader.ts';

/** What the template asks for, and the services that its functions use. */
export interface Services {
  readonly deployment: Deployment;
  /** Absent if the template has no queues, and no topics that are used. */
  readonly queues?: QueueService;
  readonly database: Database;
  /** Where the functions find the services. */
  readonly endpoints: ServiceEndpoints;
}

export interface ServiceOptions {
  readonly apiKey: string;
  /** Whose tokens the functions take, as JSON. */
  readonly tokenIssuers: string;
  readonly folder: DataFolder;
  readonly progress: Progress;
  /** Stops what was started. */
  readonly cleanup: AsyncDisposableStack;
  readonly dynamodbEndpoint?: string;
  readonly functionsEndpoint?: (dynamodbEndpoint: string) => string | Promise<string>;
  /** The number of the last record of a table's stream that all its sources are done with. */
  readonly consumedUpTo: (tableName: string) => number;
}

/** Reads the template and starts the services that it needs, with all that it names in them. @throws {StartFailure} */
export async function startServices(application: Application, options: ServiceOptions): Promise<Services> {
  const { folder, progress, cleanup } = options;
  const { deployment, queues } = await describeWithQueues(application, options);
  const parameters = await startParameters(deployment, options);
  const keys = await startKeys(deployment, options);
  const read = new Set(deployment.sources.flatMap((source) => (source.kind === 'stream' ? source.tableName : [])));
  const consumedUpTo = (table: string): number =>
    read.has(table) ? options.consumedUpTo(table) : Number.POSITIVE_INFINITY;
  const database = await progress.step('database', () =>
    startDatabase(options.dynamodbEndpoint, folder, deployment, cleanup, consumedUpTo),
  );
  const endpoints = {
    dynamodb: (await options.functionsEndpoint?.(database.endpoint)) ?? database.endpoint,
    ...(queues && { queues: queues.endpoint }),
    ...(parameters && { parameters: parameters.endpoint }),
    ...(keys && { keys: keys.endpoint }),
  };
  return { deployment, database, endpoints, ...(queues && { queues }) };
}

/** Reads the template, and starts queues and topics if it has any that are used. */
async function describeWithQueues(
  application: Application,
  { apiKey, tokenIssuers, folder, cleanup }: ServiceOptions,
): Promise<{ deployment: Deployment; queues?: QueueService }> {
  const parameters = { ApiKeySha256: keyDigest(apiKey), TokenIssuers: tokenIssuers };
  const deployment = application.describe({ parameters, queueUrl: () => '' });
  if (deployment.queues.length === 0 && deployment.topics.length === 0) {
    return { deployment };
  }
  const queues = await startQueues(folder.queuesFolder);
  cleanup.defer(() => queues.stop());
  queues.create(deployment.queues, deployment.topics);
  // Now that the port is known, the URLs of the queues in the functions' environment are, too.
  return { deployment: application.describe({ parameters, queueUrl: queues.queueUrl }), queues };
}

/** Serves the template's parameters, if it has any. */
async function startParameters(
  { parameters: definitions }: Deployment,
  { folder, progress, cleanup }: ServiceOptions,
): Promise<LoopbackServer | undefined> {
  if (definitions.length === 0) {
    return undefined;
  }
  const parameters = new Parameters(definitions, folder.flagsFile, progress.warn);
  cleanup.defer(() => parameters.stop());
  const store = await startParameterStore((name) => parameters.find(name));
  cleanup.defer(() => store.stop());
  return store;
}

/** Serves the template's keys, if it has any. */
async function startKeys(
  { keys: keyArns }: Deployment,
  { folder, progress, cleanup }: ServiceOptions,
): Promise<LoopbackServer | undefined> {
  if (keyArns.length === 0) {
    return undefined;
  }
  const file = folder.secretsKeyFile;
  const service = await startKeyService({
    keyArns,
    key: secretsKey(file),
    onForeign: () =>
      progress.warn(
        `A secret in the database was not sealed with the key in ${file}, and cannot be opened. Put the key back that it was sealed with, or rotate the secret with an overlapSeconds of 0.`,
      ),
  });
  cleanup.defer(() => service.stop());
  return service;
}
