import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { bundleFunctions } from '../../infra/bundle.ts';
import { startParameterStore, type TestParameterStore } from '../support/parameter-store.ts';
import { runNode } from './run-node.ts';

/**
 * The bundles leave out the sources of credentials that a function does not have, and error classes of SSM. What is left is tried here
 * in the bundles themselves, each in a Node process of its own with nothing but the environment that Lambda would give it.
 */
const apiKey = 'flk_dev_bundles';
const flagsName = '/florin/test/flags';

let outdir: string;
let parameters: TestParameterStore;
let server: Server;
let serverUrl: string;
/** What the functions asked the server for: path and `Authorization`. */
const asked: { readonly path: string; readonly authorization: string }[] = [];

beforeAll(async () => {
  outdir = await mkdtemp(path.join(tmpdir(), 'florin-bundles-'));
  await bundleFunctions({ outdir });
  parameters = await startParameterStore();
  server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', authorization: request.headers.authorization ?? '' });
    if (request.url === '/credentials') response.end(JSON.stringify(served));
    else response.end('{}'); // DynamoDB's words for: there is no such item.
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  serverUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await parameters.stop();
  await rm(outdir, { recursive: true, force: true });
});
beforeEach(() => {
  asked.length = 0;
  parameters.asked.length = 0;
  parameters.parameters.clear();
  parameters.mood = 'answers';
});

const served = {
  AccessKeyId: 'SERVEDKEY',
  SecretAccessKey: 'secret',
  Token: 'token',
  Expiration: '2999-01-01T00:00:00Z',
};
const inEnvironment = { AWS_ACCESS_KEY_ID: 'GIVENKEY', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'token' };

interface Result {
  readonly statusCode: number;
  readonly code?: string;
  readonly tookMs: number;
}

/** Invokes the bundled function once; its answer, and the lines that it printed. */
async function invoke(
  { method, resource, pathParameters }: { method: 'GET' | 'POST'; resource: string; pathParameters: object },
  environment: NodeJS.ProcessEnv,
): Promise<{ result: Result; lines: Record<string, unknown>[] }> {
  const event = {
    httpMethod: method,
    resource,
    path: resource,
    pathParameters,
    headers: { 'X-Api-Key': apiKey, 'Idempotency-Key': 'key', 'Content-Type': 'application/json' },
    body: JSON.stringify({ asset: 'USD/2', amount: '1' }),
    requestContext: {},
  };
  const bundle = pathToFileURL(path.join(outdir, 'transactions', 'index.mjs')).href;
  const printed = await runNode(
    `process.stderr.write = process.stdout.write.bind(process.stdout);
     const { handler } = await import(${JSON.stringify(bundle)});
     const startedAt = performance.now();
     const context = { awsRequestId: 'request', getRemainingTimeInMillis: () => 5000 - (performance.now() - startedAt) };
     const { statusCode, body } = await handler(${JSON.stringify(event)}, context);
     console.log('RESULT' + JSON.stringify({ statusCode, code: JSON.parse(body).code, tookMs: performance.now() - startedAt }));
     process.exit();`,
    {
      AWS_REGION: 'eu-central-1',
      AWS_ENDPOINT_URL_DYNAMODB: serverUrl,
      AWS_ENDPOINT_URL_SSM: parameters.endpoint,
      LEDGER_TABLE: 'Ledger',
      PLATFORM_TABLE: 'Platform',
      LINES_QUEUE_URL: 'http://127.0.0.1:1/000000000000/lines.fifo',
      FLAGS_PARAMETER: flagsName,
      FLAGS_WHEN_UNREADABLE: 'open',
      // The digest of the key above.
      API_KEY_SHA256: await digestOf(apiKey),
      TOKEN_ISSUERS: '[]',
      POWERTOOLS_SERVICE_NAME: 'florin-transactions',
      POWERTOOLS_METRICS_NAMESPACE: 'Florin/test',
      ...environment,
    },
  );
  const lines = printed.trim().split('\n');
  const result = lines.find((line) => line.startsWith('RESULT'))?.slice('RESULT'.length) ?? '';
  return {
    result: JSON.parse(result),
    lines: lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line)),
  };
}

async function digestOf(text: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(text))).toString('hex');
}

const read = {
  method: 'GET',
  resource: '/v1/transactions/{transactionId}',
  pathParameters: { transactionId: `tx_${'a'.repeat(52)}` },
} as const;
const deposit = {
  method: 'POST',
  resource: '/v1/accounts/{accountId}/deposits',
  pathParameters: { accountId: 'ada' },
} as const;

describe('a bundled function', () => {
  it('signs with the credentials in its environment', async () => {
    const { result } = await invoke(read, inEnvironment);
    expect(result).toMatchObject({ statusCode: 404, code: 'not_found' });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=GIVENKEY\//);
  });

  it('signs with the credentials that are served to it', async () => {
    const { result } = await invoke(read, {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${serverUrl}/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'let me in',
    });
    expect(result).toMatchObject({ statusCode: 404, code: 'not_found' });
    expect(asked[0]).toEqual({ path: '/credentials', authorization: 'let me in' });
    expect(asked[1]?.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=SERVEDKEY\//);
  });

  it('looks nowhere else for credentials, and fails at once without', async () => {
    const { result, lines } = await invoke(read, { AWS_EC2_METADATA_SERVICE_ENDPOINT: serverUrl });
    expect(result.statusCode).toBeGreaterThanOrEqual(500);
    expect(result.tookMs).toBeLessThan(1_000);
    expect(asked).toEqual([]);
    expect(JSON.stringify(lines)).toContain('CredentialsProviderError');
  });

  it('reads its flags', async () => {
    parameters.parameters.set(flagsName, '{"acceptWrites": false}');
    const { result } = await invoke(deposit, inEnvironment);
    expect(result).toMatchObject({ statusCode: 503, code: 'unavailable' });
    expect(parameters.asked).toEqual([flagsName]);
    expect(asked).toEqual([]);
  });

  it.each([
    ['answers', 'ParameterNotFound'],
    ['throttles', 'ThrottlingException'],
    ['fails', 'InternalServerError'],
  ] as const)('says by name what went wrong with its flags when the store %s', async (mood, error) => {
    parameters.mood = mood;
    const { lines } = await invoke(deposit, inEnvironment);
    const warning = lines.find(({ level }) => level === 'WARN');
    expect(warning).toMatchObject({
      message: 'the feature flags cannot be read; the last known ones go on',
      error: { name: 'GetParameterError', cause: { name: error } },
    });
  });

  it('does not start without the name of the flags', async () => {
    await expect(invoke(deposit, { ...inEnvironment, FLAGS_PARAMETER: undefined })).rejects.toThrow(
      /EnvironmentError: The environment is incomplete: FLAGS_PARAMETER is missing/,
    );
  });
});
