import { Duration } from 'aws-cdk-lib';
import { Cors, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { routes } from '../lib/http/routes.ts';

/** The request headers of the API, which browsers send from other origins only after a preflight allowed them. */
const REQUEST_HEADERS = [
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'If-None-Match',
  'Prefer',
  'X-Api-Key',
  'X-Correlation-Id',
  'X-Idempotency-Key',
];

/** The longest that Chromium remembers a preflight's answer. */
const MAX_AGE_SECONDS = 7200;

/**
 * Lets API Gateway itself answer the preflights of every route, without waking a function. Any origin is allowed: credentials are
 * headers that a page must hold itself, never cookies that a browser would add to another page's request.
 */
export function addPreflight(api: RestApi): void {
  const methodsByPath = Map.groupBy(routes, (route) => route.path);
  for (const [path, atPath] of methodsByPath) {
    api.root.resourceForPath(path).addCorsPreflight({
      allowOrigins: Cors.ALL_ORIGINS,
      allowMethods: atPath.map((route) => route.method),
      allowHeaders: REQUEST_HEADERS,
      maxAge: Duration.seconds(MAX_AGE_SECONDS),
    });
  }
}
