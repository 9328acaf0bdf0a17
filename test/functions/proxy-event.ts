import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { routes } from '../../lib/http/routes.ts';

export interface TestRequest {
  readonly method: string;
  /** With its query, as a client writes it. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A text is sent as it is; anything else as JSON. */
  readonly body?: unknown;
  readonly isBase64Encoded?: boolean;
  /** What stands before the API's own paths: a stage or a base path. */
  readonly basePath?: string;
}

/** The route a concrete path belongs to, with its variables as API Gateway leaves them: encoded. */
function routed(method: string, path: string) {
  const parts = path.split('/');
  for (const route of routes) {
    const names = route.path.split('/');
    if (route.method !== method || names.length !== parts.length) continue;
    const variables: Record<string, string> = {};
    const matches = names.every((name, index) => {
      const part = parts[index] as string;
      if (name.startsWith('{')) variables[name.slice(1, -1)] = part;
      return name.startsWith('{') || name === part;
    });
    if (matches) return { route, variables };
  }
  throw new Error(`no route for ${method} ${path}`);
}

/** The event that API Gateway makes of a request, as far as the functions read it. */
export function proxyEvent({ method, path, headers = {}, body, isBase64Encoded = false, basePath = '' }: TestRequest) {
  const url = new URL(path, 'http://localhost');
  const pathname = path.split('?')[0] as string;
  const { route, variables } = routed(method, pathname);
  const query = [...new Set(url.searchParams.keys())];
  const event: Partial<APIGatewayProxyEvent> = {
    httpMethod: method,
    resource: route.path,
    path: pathname,
    pathParameters: variables,
    headers: { ...headers },
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    queryStringParameters: query.length === 0 ? null : Object.fromEntries(url.searchParams),
    multiValueQueryStringParameters:
      query.length === 0 ? null : Object.fromEntries(query.map((name) => [name, url.searchParams.getAll(name)])),
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    isBase64Encoded,
    requestContext: { path: basePath + pathname } as APIGatewayProxyEvent['requestContext'],
  };
  return { event: event as APIGatewayProxyEvent, area: route.area };
}

/** A context like Lambda's, with so many milliseconds left. */
export function lambdaContext(timeMs = 10_000): Context {
  const until = Date.now() + timeMs;
  const context: Partial<Context> = {
    awsRequestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
    functionName: 'florin-test',
    getRemainingTimeInMillis: () => Math.max(0, until - Date.now()),
  };
  return context as Context;
}
