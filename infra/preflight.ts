import { Duration } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { cors } from '../lib/http/cors.ts';
import { routes } from '../lib/http/routes.ts';

/**
 * Lets API Gateway itself answer the preflights of every route, without waking a function: a browser asks before it sends the
 * headers of this API to another origin.
 */
export function addPreflight(api: RestApi): void {
  const methodsByPath = Map.groupBy(routes, (route) => route.path);
  for (const [path, atPath] of methodsByPath) {
    api.root.resourceForPath(path).addCorsPreflight({
      allowOrigins: [cors.allowOrigin],
      allowMethods: atPath.map((route) => route.method),
      allowHeaders: [...cors.allowHeaders],
      maxAge: Duration.seconds(cors.maxAgeSeconds),
    });
  }
}
