import type * as z from 'zod';
import type { ProblemCode } from './problem.ts';

export type Scope =
  | 'public'
  | 'assets:read'
  | 'assets:write'
  | 'accounts:read'
  | 'accounts:write'
  | 'transactions:read'
  | 'transactions:write'
  | 'fees:read'
  | 'fees:write'
  | 'reports:read'
  | 'admin:read'
  | 'admin:write'
  | 'monitors:read'
  | 'monitors:write'
  | 'holds:read'
  | 'holds:write'
  | 'events:read'
  | 'webhooks:read'
  | 'webhooks:write';

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
    | 'documents';
  /** What the caller's credentials must allow; `public` needs none. */
  readonly scope: Scope;
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
