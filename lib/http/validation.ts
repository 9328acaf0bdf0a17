import type * as z from 'zod';
import { checked } from './faults.ts';
import type { GatewayEvent, Middleware } from './invocation.ts';
import { readJsonBody } from './json-body.ts';
import { type Fault, invalidRequest } from './problem.ts';
import type { Route } from './route.ts';

/** API Gateway leaves path variables as the client wrote them; they are decoded here, once. */
function decodedPath(event: GatewayEvent, faults: Fault[]): Record<string, string> {
  const decoded: Record<string, string> = {};
  for (const [name, value] of Object.entries(event.pathParameters ?? {})) {
    try {
      decoded[name] = decodeURIComponent(value ?? '');
    } catch {
      faults.push({ in: 'path', pointer: `/${name}`, detail: 'not a percent-encoded UTF-8 text' });
    }
  }
  return decoded;
}

/** A parameter given twice is a fault: which one was meant cannot be told. */
function singleQuery(event: GatewayEvent, faults: Fault[]): Record<string, string | undefined> {
  for (const [name, values] of Object.entries(event.multiValueQueryStringParameters ?? {})) {
    if (values !== undefined && values.length > 1) {
      faults.push({ in: 'query', pointer: `/${name}`, detail: 'given more than once' });
    }
  }
  return event.queryStringParameters ?? {};
}

function parsed(schema: z.ZodType, value: unknown, part: Fault['in'], faults: Fault[]): unknown {
  const result = checked(schema, value, part);
  faults.push(...result.faults);
  return result.value;
}

/**
 * Parses path, query and body with the route's schemas and reports the faults of all three together.
 * A body that is no JSON ends the request at once, since nothing can be said about its fields.
 */
export function validation(): Middleware {
  return {
    before: ({ event }) => {
      const { invocation } = event;
      const route: Route = invocation.route;
      const faults: Fault[] = [];
      const path = decodedPath(event, faults);
      const query = singleQuery(event, faults);
      const body = route.body && readJsonBody(event);
      // A variable that could not be decoded is reported as that, and not as missing too.
      if (faults.length === 0) invocation.path = parsed(route.params, path, 'path', faults);
      invocation.query = parsed(route.query, query, 'query', faults);
      if (route.body) invocation.body = parsed(route.body, body, 'body', faults);
      if (faults.length > 0) throw invalidRequest(faults);
    },
  };
}
