import type { Context } from 'aws-lambda';
import type { ActContext } from '../audit/act.ts';
import type { Caller } from '../auth/index.ts';
import type { Cause } from '../dynamodb/index.ts';
import type { AccountId } from '../ledger/index.ts';
import type { Answer } from './answer.ts';
import type { OwnAmong } from './invocation.ts';
import type { LogFields } from './log-fields.ts';
import type { Area, BodyOf, OperationId, OperationIn, PathOf, QueryOf } from './routes.ts';

/** What an operation gets: its parsed request, and what it may know of the invocation. */
export interface OperationRequest<Id extends OperationId> {
  readonly path: PathOf<Id>;
  readonly query: QueryOf<Id>;
  readonly body: BodyOf<Id>;
  /** Who asks; throws for operations of scope `public`, which have nobody. */
  readonly caller: Caller;
  /** Who asks, and under which correlation id: what records of what is done need to know. */
  readonly by: ActContext;
  /** The accounts of the request that are the caller's own, where the credentials reach no further; undefined where they reach all of the tenant's. */
  readonly ownAccounts?: ReadonlySet<AccountId> | undefined;
  /**
   * Finds the caller's own among accounts, in operations whose route leaves that to them and where the credentials reach no further. Then the
   * operation must ask before it answers; undefined where the credentials reach all of the tenant's.
   */
  readonly ownAmong?: OwnAmong | undefined;
  /** The idempotency key; empty for operations that change nothing. */
  readonly key: string;
  /** Whether the client asks that it be processed in the background. */
  readonly prefersAsync: boolean;
  /** The `Accept` header; empty without one. */
  readonly accept: string;
  /** The full path asked for, with stage or base path and without the query. */
  readonly fullPath: string;
  readonly context: Context;
  /** Milliseconds in which the operation must be done, so that its answer still gets out. */
  remainingTimeInMillis(): number;
  /** What is kept with whatever the operation commits, to link to this request. */
  readonly cause: Cause;
  /** Adds to the request's line in the log. */
  log(fields: LogFields): void;
}

/** Parse, call one use case, render: what an operation does is between its request and its answer. */
export type Operation<Id extends OperationId> = (request: OperationRequest<Id>) => Promise<Answer> | Answer;

/** One operation for each of the area's routes: one too few or one too many does not compile. */
export type Operations<A extends Area> = { readonly [Id in OperationIn<A>]: Operation<Id> };
