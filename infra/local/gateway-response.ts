import type { IncomingMessage } from 'node:http';
import { unquoted } from './api-reader.ts';
import type { RestApiDefinition } from './deployment.ts';
import type { GatewayRequest } from './proxy-event.ts';

/** API Gateway's own answers that the embedded gateway gives, with the status and message where the template says nothing. */
const nativeResponses = {
  MISSING_AUTHENTICATION_TOKEN: { status: 403, message: 'Missing Authentication Token' },
  REQUEST_TOO_LARGE: { status: 413, message: 'Request Entity Too Large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, message: 'Unsupported Media Type' },
  BAD_REQUEST_BODY: { status: 400, message: 'Invalid request body' },
  THROTTLED: { status: 429, message: 'Too Many Requests' },
  INTEGRATION_FAILURE: { status: 502, message: 'Internal server error' },
  INTEGRATION_TIMEOUT: { status: 504, message: 'Endpoint request timed out' },
} as const;

export type GatewayResponseType = keyof typeof nativeResponses;

/** An answer that is ready to be sent. */
export interface RenderedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Renders an answer of the gateway itself by the template's GatewayResponse of this type, else by the default for its class. */
export function renderGatewayResponse(
  api: RestApiDefinition,
  type: GatewayResponseType,
  request: GatewayRequest,
  incoming: IncomingMessage,
): RenderedResponse {
  const native = nativeResponses[type];
  const fallback = native.status < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX';
  const definition = api.gatewayResponses.get(type) ?? api.gatewayResponses.get(fallback);
  const variables: Readonly<Record<string, string>> = {
    'error.message': native.message,
    'error.messageString': JSON.stringify(native.message),
    'error.responseType': type,
    'error.validationErrorString': '',
    requestId: request.requestId,
    extendedRequestId: request.requestId,
    httpMethod: request.httpMethod,
    path: request.path,
    resourcePath: request.path,
    stage: api.stage,
    apiId: api.id,
    domainName: incoming.headers.host ?? '',
    protocol: `HTTP/${incoming.httpVersion}`,
    'identity.sourceIp': request.sourceIp,
    'identity.userAgent': request.userAgent ?? '',
    requestTimeEpoch: String(request.receivedAt),
  };
  const [contentType, template] = Object.entries(definition?.templates ?? {})[0] ?? [
    'application/json',
    '{"message":$context.error.messageString}',
  ];
  const headers: Record<string, string> = { 'content-type': contentType };
  for (const [name, expression] of Object.entries(definition?.headers ?? {})) {
    const value = headerValue(expression, variables, incoming);
    if (value !== undefined) {
      headers[name.toLowerCase()] = value;
    }
  }
  return {
    status: definition?.statusCode ?? native.status,
    headers,
    body: template.replace(/\$context\.([A-Za-z]+(?:\.[A-Za-z]+)*)/g, (_, name: string) => jsonSafe(name, variables)),
  };
}

/**
 * A variable's value inside a JSON template. The gateway escapes what came from the client, so that a path
 * with a quotation mark cannot break out of its text; `messageString` brings its own quotation marks.
 */
function jsonSafe(name: string, variables: Readonly<Record<string, string>>): string {
  const value = variables[name] ?? '';
  return name === 'error.messageString' ? value : JSON.stringify(value).slice(1, -1);
}

function headerValue(
  expression: string,
  variables: Readonly<Record<string, string>>,
  incoming: IncomingMessage,
): string | undefined {
  if (expression.startsWith("'")) {
    return unquoted(expression);
  }
  if (expression.startsWith('context.')) {
    return variables[expression.slice('context.'.length)];
  }
  const header = /^method\.request\.header\.(.+)$/.exec(expression)?.[1];
  const value = header && incoming.headers[header.toLowerCase()];
  return Array.isArray(value) ? value.at(-1) : value || undefined;
}
