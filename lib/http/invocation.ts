import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import type { Caller } from '../auth/index.ts';
import type { AnyRoute } from './routes.ts';

/** What the middlewares find out about one request. It lives on the event, so that nothing of a request is module state. */
export interface Invocation {
  readonly route: AnyRoute;
  readonly startedAt: number;
  correlationId: string;
  caller?: Caller;
  key?: string;
  path: unknown;
  query: unknown;
  body: unknown;
  /** What the handler adds to the log line: ids and codes, never contents. */
  readonly logged: Record<string, string | number | boolean>;
}

export type GatewayEvent = APIGatewayProxyEvent & { invocation: Invocation };
export type Middleware = MiddlewareObj<GatewayEvent, APIGatewayProxyResult, Error, Context>;
