import middy from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import type { ActContext } from '../audit/act.ts';
import type { Actor, Caller } from '../auth/index.ts';
import type { Cause } from '../dynamodb/index.ts';
import { formatTraceparent } from '../observability/index.ts';
import { type Answer, matchesETag } from './answer.ts';
import { basePathOf, fullPathOf } from './base-path.ts';
import { type ChainOptions, middlewares } from './chain.ts';
import type { GatewayEvent, Invocation } from './invocation.ts';
import { observe } from './observation.ts';
import type { Operation, OperationRequest, Operations } from './operation.ts';
import { preferHeaders, prefers, respondAsync } from './prefer.ts';
import { HttpProblem, problems } from './problem.ts';
import { problemResult } from './problem-answers.ts';
import { routeKey } from './route.ts';
import type { AnyRoute, Area, MutatingArea, OperationId } from './routes.ts';

/** What is kept back of the function's time to render and send the answer. */
const answerMarginMs = 500;

/** An area that changes something must say who switches that off. */
type AreaOptions<A extends Area> = A extends MutatingArea
  ? ChainOptions & Required<Pick<ChainOptions, 'flags'>>
  : ChainOptions;

export type AreaHandler = (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;

/**
 * Makes the Lambda handler of an area: it picks the operation by method and resource, as API Gateway names them, and
 * runs it inside the middleware chain. It keeps nothing of a request, so it may serve several at once.
 *
 * It is given the area's own routes rather than the whole table, so that a bundle has no schemas of other areas.
 */
export function serveArea<R extends AnyRoute>(
  areaRoutes: readonly R[],
  operations: Operations<R['area']>,
  options: AreaOptions<R['area']>,
): AreaHandler {
  const served = new Map<string, AnyRoute>(areaRoutes.map((route) => [routeKey(route), route]));
  // A route's own operation is what its id names in the map, and validation has made what that operation takes.
  const byId = operations as unknown as Readonly<Record<OperationId, Operation<OperationId>>>;

  const chain = middy<GatewayEvent, APIGatewayProxyResult, Error, Context>(
    async (event: GatewayEvent, context: Context) =>
      resultOf(event, await byId[event.invocation.route.operationId](requestOf(event, context))),
    // The operation is given its own deadline and answers in time; middy's would cut it off without an answer.
    { timeoutEarlyInMillis: 0 },
  ).use(middlewares(options));

  const observed = observe(options.instruments);

  return (event, context) => {
    const { httpMethod, resource } = event;
    const route = served.get(`${httpMethod} ${resource}`);
    if (!route) {
      options.instruments.logger.warn('an event names no operation of this function', { httpMethod, resource });
      return Promise.resolve(problemResult('not_found', problems.not_found.detail, fullPathOf(event)));
    }
    const invocation = begin(route);
    return observed(invocation, context, () => chain({ ...event, headers: event.headers ?? {}, invocation }, context));
  };
}

function begin(route: AnyRoute): Invocation {
  return {
    route,
    startedAt: performance.now(),
    correlationId: '',
    trace: undefined,
    path: undefined,
    query: undefined,
    body: undefined,
    logged: {},
  };
}

function requestOf(event: GatewayEvent, context: Context): OperationRequest<OperationId> {
  const { invocation } = event;
  return {
    // Validation has parsed them with the route's own schemas.
    path: invocation.path as never,
    query: invocation.query as never,
    body: invocation.body as never,
    get caller(): Caller {
      if (!invocation.caller) throw new HttpProblem('unauthenticated');
      return invocation.caller;
    },
    get by(): ActContext {
      return { actor: actorOf(event, this.caller), correlationId: invocation.correlationId };
    },
    ownAccounts: invocation.ownAccounts,
    ownAmong: invocation.ownAmong,
    key: invocation.key ?? '',
    prefersAsync: prefers(preferHeaders(event), respondAsync),
    accept: event.headers.accept ?? '',
    fullPath: fullPathOf(event),
    context,
    remainingTimeInMillis: () => Math.max(0, context.getRemainingTimeInMillis() - answerMarginMs),
    get cause(): Cause {
      const { correlationId, trace } = invocation;
      return { correlationId, ...(trace && { traceparent: formatTraceparent(trace.context) }) };
    },
    log: (fields) => {
      Object.assign(invocation.logged, fields);
    },
  };
}

/** Longer ones are cut in the audit log: what somebody sends as the name of a program is of any length. */
const maxUserAgentLength = 200;

function actorOf({ requestContext, headers }: GatewayEvent, { tenant, client, subject }: Caller): Actor {
  const address = requestContext.identity?.sourceIp;
  const userAgent = headers['user-agent']?.slice(0, maxUserAgentLength);
  return {
    tenant,
    client,
    ...(subject !== undefined && { subject }),
    ...(address && { address }),
    ...(userAgent && { userAgent }),
  };
}

/** Puts an answer into API Gateway's form; one that the client has already becomes `304`. */
function resultOf(event: GatewayEvent, answer: Answer): APIGatewayProxyResult {
  const headers: Record<string, string> = {
    'Content-Type': answer.mediaType,
    'Cache-Control': answer.etag !== undefined && event.httpMethod === 'GET' ? 'private, no-cache' : 'no-store',
    ...answer.headers,
  };
  if (answer.etag !== undefined) headers.ETag = answer.etag;
  // What a browser kept for one caller must not be shown to another: a validator tells versions apart, not callers.
  if (event.invocation.caller) {
    headers.Vary = [answer.headers?.Vary, 'Authorization, X-Api-Key'].filter(Boolean).join(', ');
  }
  if (answer.location !== undefined) headers.Location = basePathOf(event) + answer.location;
  if (answer.replayed) {
    headers['Idempotent-Replayed'] = 'true';
    event.invocation.logged.replayed = true;
  }
  const isKnown =
    answer.etag !== undefined && event.httpMethod === 'GET' && matchesETag(event.headers['if-none-match'], answer.etag);
  if (!isKnown) return { statusCode: answer.status, headers, body: answer.body };
  delete headers['Content-Type'];
  return { statusCode: 304, headers, body: '' };
}
