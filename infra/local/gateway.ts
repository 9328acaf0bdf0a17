import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProxyIntegration, RestApiDefinition } from './deployment.ts';
import { type GatewayResponseType, renderGatewayResponse } from './gateway-response.ts';
import { InvocationError, type InvocationFailure } from './invocation-errors.ts';
import type { LambdaFunction } from './lambda-function.ts';
import { answerLocalPage, findLocalPage, type LocalPage } from './local-pages.ts';
import { refuseExpectation, refuseMalformed, refuseTunnel, refuseUnclear } from './malformed-request.ts';
import { type GatewayRequest, proxyEvent } from './proxy-event.ts';
import { readProxyResult } from './proxy-result.ts';
import { eventBody, RefusedBody, readBody } from './request-body.ts';
import { acceptedEncoding, compress } from './response-body.ts';
import { type RouteMatch, RouteTree } from './route-tree.ts';
import { traceHeader } from './trace-header.ts';

/** A gateway that serves one REST API on a port of the loopback interface. */
export interface Gateway {
  readonly port: number;
  /** How many answers were given with each status; `aborted` counts clients that went away before theirs. */
  readonly responses: ReadonlyMap<string, number>;
  /** Takes no new request, finishes those in flight within the given time, then closes every connection. */
  stop(finishWithinMs: number): Promise<void>;
}

export interface GatewayOptions {
  readonly api: RestApiDefinition;
  readonly functions: ReadonlyMap<string, LambdaFunction>;
  /** Pages of the runtime itself by their path; they hide a route of the same path and are not counted as answers of the API. */
  readonly pages?: ReadonlyMap<string, LocalPage>;
  /** 0 for any free port. */
  readonly port: number;
  /** How long a client may take to send a request's headers. Default: 10 s. */
  readonly slowestHeadersMs?: number;
  /** Told of what is a fault of the gateway or its functions and not of the client. */
  readonly failed: (message: string) => void;
}

/** Which of API Gateway's own answers stands for an invocation without a result. */
const responseOfFailure: Readonly<Record<InvocationFailure, GatewayResponseType>> = {
  'handler-error': 'INTEGRATION_FAILURE',
  'not-loaded': 'INTEGRATION_FAILURE',
  crashed: 'INTEGRATION_FAILURE',
  'timed-out': 'INTEGRATION_TIMEOUT',
  'not-started': 'INTEGRATION_TIMEOUT',
  throttled: 'THROTTLED',
};

/** Longer than the keep-alive of usual load balancers and clients, so that it is they who close idle connections. */
const keepAliveTimeoutMs = 75_000;

/** API Gateway's limit on the request line and all headers together. */
const maximumHeaderBytes = 10_240;

/** Nobody may keep a connection busy by sending slowly: how long headers may take, a whole request, and how often that is looked at. */
const slowestHeadersMs = 10_000;
const slowestRequestMs = 30_000;
const slownessCheckMs = 1_000;

/** Plays API Gateway (REST, Lambda proxy integration) for the methods of the template. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { api } = options;
  const routes = new RouteTree(api.methods);
  const responses = new Map<string, number>();
  let inFlight = 0;

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const request = describeRequest(incoming);
    const page = options.pages && findLocalPage(options.pages, request.path, incoming);
    const match = routes.find(request.httpMethod, request.path);
    try {
      if (page) {
        await answerLocalPage(page, incoming, outgoing);
        return;
      }
      outgoing.once('close', () => {
        const status = outgoing.headersSent ? String(outgoing.statusCode) : 'aborted';
        responses.set(status, (responses.get(status) ?? 0) + 1);
      });
      if (!saysItsHost(incoming)) {
        incoming.resume();
        refuseUnclear(outgoing);
      } else if (!match) {
        incoming.resume();
        answerByGateway(api, 'MISSING_AUTHENTICATION_TOKEN', request, incoming, outgoing);
      } else if (match.method.integration.kind === 'mock') {
        incoming.resume();
        outgoing.writeHead(match.method.integration.statusCode, match.method.integration.headers).end();
      } else {
        await forward(options, match, match.method.integration, request, incoming, outgoing);
      }
    } catch (error) {
      const type = responseTypeOf(error);
      if (type === undefined) {
        // The client went away while it was sending: nobody is left to answer.
        outgoing.destroy();
      } else {
        if (type === 'INTEGRATION_FAILURE' && !(error instanceof InvocationError)) {
          options.failed(String((error as Error).stack ?? error));
        }
        answerByGateway(api, type, request, incoming, outgoing);
      }
    }
  };

  const server = createServer(serverOptions(options), (incoming, outgoing) => {
    inFlight += 1;
    outgoing.once('close', () => {
      inFlight -= 1;
    });
    void handle(incoming, outgoing);
  });
  // The bytes are bounded, so the number is too; by default Node drops those beyond the 2,000th without a word.
  server.maxHeadersCount = 0;
  server.on('clientError', refuseMalformed);
  server.on('checkExpectation', refuseExpectation);
  server.on('connect', refuseTunnel);
  const port = await listen(server, options.port);
  return {
    port,
    responses,
    async stop(finishWithinMs) {
      const closed = new Promise((fulfil) => server.close(fulfil));
      server.closeIdleConnections();
      const giveUpAt = Date.now() + finishWithinMs;
      while (inFlight > 0 && Date.now() < giveUpAt) {
        await sleep(10);
      }
      server.closeAllConnections();
      await closed;
    },
  };
}

function serverOptions({ slowestHeadersMs: headersTimeout = slowestHeadersMs }: GatewayOptions): ServerOptions {
  return {
    keepAliveTimeout: keepAliveTimeoutMs,
    maxHeaderSize: maximumHeaderBytes,
    headersTimeout,
    requestTimeout: slowestRequestMs,
    connectionsCheckingInterval: Math.min(slownessCheckMs, headersTimeout),
    // Node would answer without a body; see below.
    requireHostHeader: false,
  };
}

/**
 * Whether a request has one host, without which HTTP/1.0 alone may do. Of several Node takes the first, and another reader may take the last.
 * Source: RFC 9112, section 3.2.
 */
function saysItsHost({ headersDistinct: { host = [] }, httpVersion }: IncomingMessage): boolean {
  return host.length === 1 || (host.length === 0 && httpVersion === '1.0');
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((fulfil, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject);
      fulfil((server.address() as AddressInfo).port);
    });
  });
}

function describeRequest(incoming: IncomingMessage): GatewayRequest {
  const url = incoming.url ?? '/';
  const mark = url.indexOf('?');
  const receivedAt = Date.now();
  return {
    requestId: randomUUID(),
    httpMethod: incoming.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    sourceIp: incoming.socket.remoteAddress ?? '127.0.0.1',
    userAgent: incoming.headers['user-agent'] ?? null,
    receivedAt,
    traceHeader: traceHeader(incoming.headers['x-amzn-trace-id']?.toString(), receivedAt),
  };
}

async function forward(
  { api, functions }: GatewayOptions,
  match: RouteMatch,
  integration: ProxyIntegration,
  request: GatewayRequest,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const body = await readBody(incoming, api.minimumCompressionBytes !== undefined);
  const encoded = eventBody(body, incoming.headers['content-type'], api.binaryMediaTypes);
  const target = functions.get(integration.functionName);
  if (!target) {
    throw new Error(`The template has no function ${integration.functionName}.`);
  }
  const event = proxyEvent(api, request, incoming, match, encoded);
  const result = await target.invoke(event, integration.timeoutMs, request.traceHeader);
  const answer = readProxyResult(result);
  if (!answer) {
    throw new Error(
      `${integration.functionName} gave a malformed proxy response: ${JSON.stringify(result)?.slice(0, 200)}`,
    );
  }
  const { headers } = answer;
  let payload = answer.body;
  const minimum = api.minimumCompressionBytes;
  if (minimum !== undefined && payload.length >= minimum && payload.length > 0 && !headers['content-encoding']) {
    const encoding = acceptedEncoding(incoming.headers['accept-encoding']?.toString());
    if (encoding) {
      payload = await compress(payload, encoding);
      headers['content-encoding'] = encoding;
    }
  }
  headers['x-amzn-requestid'] = request.requestId;
  if (answer.statusCode !== 204 && answer.statusCode !== 304) {
    headers['content-length'] = String(payload.length);
  }
  outgoing.writeHead(answer.statusCode, headers).end(payload);
}

function responseTypeOf(error: unknown): GatewayResponseType | undefined {
  if (error instanceof RefusedBody) {
    return error.response;
  }
  if (error instanceof InvocationError) {
    return responseOfFailure[error.failure];
  }
  return (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? undefined : 'INTEGRATION_FAILURE';
}

function answerByGateway(
  api: RestApiDefinition,
  type: GatewayResponseType,
  request: GatewayRequest,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  const { status, headers, body } = renderGatewayResponse(api, type, request, incoming);
  outgoing.writeHead(status, {
    ...headers,
    'content-length': Buffer.byteLength(body),
    'x-amzn-requestid': request.requestId,
  });
  outgoing.end(body);
}
