import type * as z from 'zod';
import type { Scope } from '../auth/scopes.ts';
import type { ProblemCode } from './problem.ts';

/** What the caller's credentials must allow; `public` needs none, and has to be said. */
export type RouteScope = Scope | 'public';

/**
 * How somebody may use a route whose credentials reach his own accounts only. Where a route says nothing, he may not.
 *
 * - with a function: it names the accounts that the request reads or takes from; each must be his. `instead` is what he is told otherwise,
 *   whether such an account is another's or nobody's: `not_found` where the path names it, `forbidden` where the body does.
 *   `counterparts` names the others of the request, which may be anybody's: of those that are his too, the answer tells as much as of the first.
 * - `by operation`: whose it is shows only when it is read; the operation asks by `ownAmong`, and answers `not_found` for what is not his.
 */
export type OwnerAccess =
  | {
      readonly accounts: (request: OwnedRequest) => readonly string[];
      readonly counterparts?: (request: OwnedRequest) => readonly string[];
      readonly instead: 'not_found' | 'forbidden';
    }
  | 'by operation';

/** A request as its route's schemas have parsed it. Its types are the route's own, which this one place cannot know. */
export interface OwnedRequest {
  // biome-ignore lint/suspicious/noExplicitAny: what reads it stands in the same route as the schemas that made it.
  readonly path: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly body: any;
}

export type AnswerHeader =
  | 'ETag'
  | 'Location'
  | 'Idempotent-Replayed'
  | 'Preference-Applied'
  | 'X-Next-Cursor'
  | 'X-Period-End';

export interface RouteAnswer {
  readonly description: string;
  /** JSON of this schema, unless a media type says otherwise. */
  readonly schema?: z.ZodType;
  readonly mediaType?: string;
  /** Forms that the same may have besides, as texts. */
  readonly otherMediaTypes?: readonly string[];
  readonly headers?: readonly AnswerHeader[];
}

/** One operation of the API: everything about it that more than its handler must know. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly operationId: string;
  /** The Lambda function that serves it. */
  readonly area:
    | 'assets'
    | 'accounts'
    | 'transactions'
    | 'holds'
    | 'fees'
    | 'reports'
    | 'admin'
    | 'monitors'
    | 'events'
    | 'webhooks'
    | 'clients'
    | 'audit'
    | 'privacy'
    | 'documents';
  readonly scope: RouteScope;
  readonly owners?: OwnerAccess;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly body?: z.ZodType;
  readonly answers: Readonly<Record<number, RouteAnswer>>;
  /** Problems of its own, beyond those that follow from having credentials, a key, a body or parameters. */
  readonly problems: readonly ProblemCode[];
}

/** What API Gateway calls a route: its method and the path with the variables' names. */
export function routeKey(route: Pick<Route, 'method' | 'path'>): string {
  return `${route.method} ${route.path}`;
}

/** Whether an operation changes something, and so needs an idempotency key. */
export function isMutation(route: Pick<Route, 'method'>): boolean {
  return route.method !== 'GET';
}
