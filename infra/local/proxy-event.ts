import type { IncomingMessage } from 'node:http';
import type { RestApiDefinition } from './deployment.ts';
import type { RouteMatch } from './route-tree.ts';
import { accountId } from './stack-scope.ts';

/** What is known of a request before any route is looked for; gateway responses and events are made of it. */
export interface GatewayRequest {
  readonly requestId: string;
  readonly httpMethod: string;
  /** As the client sent it, without the query. */
  readonly path: string;
  /** Without the question mark; empty if there is none. */
  readonly query: string;
  readonly sourceIp: string;
  readonly userAgent: string | null;
  readonly receivedAt: number;
  /** The `X-Amzn-Trace-Id` that the event carries. */
  readonly traceHeader: string;
}

/** A body as an event carries it. */
export interface EventBody {
  readonly body: string | null;
  readonly isBase64Encoded: boolean;
}

type Multiple = Record<string, string[]>;

/** Builds the event of API Gateway's Lambda proxy integration, format 1.0. */
export function proxyEvent(
  api: RestApiDefinition,
  request: GatewayRequest,
  incoming: IncomingMessage,
  { method, pathParameters }: RouteMatch,
  { body, isBase64Encoded }: EventBody,
): object {
  const headers = readHeaders(incoming, request);
  const parameters = request.query === '' ? null : readQuery(request.query);
  return {
    resource: method.resourcePath,
    path: request.path,
    httpMethod: request.httpMethod,
    headers: lastOfEach(headers),
    multiValueHeaders: headers,
    queryStringParameters: parameters && lastOfEach(parameters),
    multiValueQueryStringParameters: parameters,
    pathParameters,
    stageVariables: null,
    requestContext: requestContext(api, request, incoming, method.resourceId, method.resourcePath),
    body,
    isBase64Encoded,
  };
}

function requestContext(
  api: RestApiDefinition,
  request: GatewayRequest,
  incoming: IncomingMessage,
  resourceId: string,
  resourcePath: string,
): object {
  const domainName = incoming.headers.host ?? 'localhost';
  return {
    accountId,
    apiId: api.id,
    resourceId,
    resourcePath,
    httpMethod: request.httpMethod,
    path: request.path,
    protocol: `HTTP/${incoming.httpVersion}`,
    requestId: request.requestId,
    extendedRequestId: request.requestId,
    requestTime: logTime(request.receivedAt),
    requestTimeEpoch: request.receivedAt,
    stage: api.stage,
    domainName,
    domainPrefix: domainName.split('.', 1)[0],
    identity: {
      accessKey: null,
      accountId: null,
      apiKey: null,
      apiKeyId: null,
      caller: null,
      clientCert: null,
      cognitoAuthenticationProvider: null,
      cognitoAuthenticationType: null,
      cognitoIdentityId: null,
      cognitoIdentityPoolId: null,
      principalOrgId: null,
      sourceIp: request.sourceIp,
      user: null,
      userAgent: request.userAgent,
      userArn: null,
    },
  };
}

function readHeaders(incoming: IncomingMessage, request: GatewayRequest): Multiple {
  const headers: Multiple = {};
  const { rawHeaders } = incoming;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    add(headers, rawHeaders[index] as string, rawHeaders[index + 1] as string);
  }
  const forwarded = incoming.headers['x-forwarded-for'];
  for (const name of Object.keys(headers)) {
    if (replacedHeaders.has(name.toLowerCase())) {
      delete headers[name];
    }
  }
  headers['X-Forwarded-For'] = [forwarded ? `${forwarded}, ${request.sourceIp}` : request.sourceIp];
  headers['X-Forwarded-Port'] = [String(incoming.socket.localPort)];
  headers['X-Forwarded-Proto'] = ['http'];
  headers['X-Amzn-Trace-Id'] = [request.traceHeader];
  return headers;
}

/** What the gateway sets itself, and what described the body before the gateway decoded it. */
const replacedHeaders = new Set([
  'x-forwarded-for',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-amzn-trace-id',
  'content-encoding',
  'connection',
]);

function readQuery(query: string): Multiple {
  const parameters: Multiple = {};
  for (const [name, value] of new URLSearchParams(query)) {
    add(parameters, name, value);
  }
  return parameters;
}

function add(values: Multiple, name: string, value: string): void {
  // A name like __proto__ must not reach the prototype.
  if (Object.hasOwn(values, name)) {
    values[name]?.push(value);
  } else {
    Object.defineProperty(values, name, { value: [value], enumerable: true, writable: true, configurable: true });
  }
}

function lastOfEach(values: Multiple): Record<string, string> {
  const last: Record<string, string> = {};
  for (const [name, all] of Object.entries(values)) {
    Object.defineProperty(last, name, { value: all.at(-1), enumerable: true, writable: true, configurable: true });
  }
  return last;
}

let lastSecond = 0;
let lastLogTime = '';

/** The time as in `21/Nov/2026:10:00:00 +0000`; made once a second. */
function logTime(time: number): string {
  const second = Math.floor(time / 1_000);
  if (second !== lastSecond) {
    lastSecond = second;
    const [, day, month, year, clock] = new Date(time).toUTCString().split(' ');
    lastLogTime = `${day}/${month}/${year}:${clock} +0000`;
  }
  return lastLogTime;
}
