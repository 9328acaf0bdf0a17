import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import type { Allowance, Caller, Reach } from '../auth/index.ts';
import type { AccountId } from '../ledger/index.ts';
import type { InvocationTrace } from '../observability/index.ts';
import type { LogFields } from './log-fields.ts';
import type { AnyRoute } from './routes.ts';

/** What the middlewares find out about one request. It lives on the event, so that nothing of a request is module state. */
export interface Invocation {
  readonly route: AnyRoute;
  readonly startedAt: number;
  /** Empty until the headers are read. */
  correlationId: string;
  /** Undefined where nobody traces. */
  trace: InvocationTrace | undefined;
  caller?: Caller;
  /** How far the caller's credentials reach with the route's scope. */
  reach?: Reach;
  allowance?: Allowance;
  /** The accounts of the request that were found to be the caller's own, where the credentials reach no further. */
  ownAccounts?: ReadonlySet<AccountId>;
  /** Finds those that are the caller's own, where the credentials reach no further and the operation has to ask. */
  ownAmong?: OwnAmong;
  key?: string;
  path: unknown;
  query: unknown;
  body: unknown;
  /** What is added to the request's line in the log. */
  readonly logged: Writable<LogFields>;
}

/** Finds those of accounts that are the caller's own. @throws LedgerError `unavailable` */
export type OwnAmong = (accounts: readonly AccountId[]) => Promise<ReadonlySet<AccountId>>;

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

export type GatewayEvent = APIGatewayProxyEvent & { invocation: Invocation };
export type Middleware = MiddlewareObj<GatewayEvent, APIGatewayProxyResult, Error, Context>;
