import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { cors } from '../lib/http/cors.ts';
import { type ProblemCode, problemBody, problems, retryHeaders } from '../lib/http/problem.ts';

/** A problem that API Gateway reports by itself, before or instead of the function's answer. */
interface GatewayProblem {
  readonly types: readonly ResponseType[];
  readonly code: ProblemCode;
  /** Where what the table of problems says would mislead. */
  readonly detail?: string;
}

const gatewayProblems: readonly GatewayProblem[] = [
  {
    // API Gateway says "missing authentication token" of a route it does not know, and complains of a signature if such a
    // request carries an Authorization header. No route of ours uses its authentication, so all of them mean the same.
    types: [
      ResponseType.MISSING_AUTHENTICATION_TOKEN,
      ResponseType.INVALID_SIGNATURE,
      ResponseType.EXPIRED_TOKEN,
      ResponseType.RESOURCE_NOT_FOUND,
    ],
    code: 'not_found',
  },
  {
    types: [ResponseType.ACCESS_DENIED, ResponseType.WAF_FILTERED],
    code: 'forbidden',
    detail: 'The request was refused by a rule of the network in front of the service.',
  },
  {
    types: [ResponseType.BAD_REQUEST_BODY, ResponseType.BAD_REQUEST_PARAMETERS, ResponseType.DEFAULT_4XX],
    code: 'invalid_request',
    detail: 'The request could not be read.',
  },
  { types: [ResponseType.REQUEST_TOO_LARGE], code: 'too_large' },
  { types: [ResponseType.UNSUPPORTED_MEDIA_TYPE], code: 'unsupported_media_type' },
  { types: [ResponseType.THROTTLED, ResponseType.QUOTA_EXCEEDED], code: 'rate_limited' },
  {
    // The function may have run, so it may have moved money: nothing may be promised but that the same key is safe.
    types: [ResponseType.INTEGRATION_TIMEOUT, ResponseType.INTEGRATION_FAILURE, ResponseType.DEFAULT_5XX],
    code: 'outcome_unknown',
  },
];

/** Gives the errors that API Gateway makes itself the shape of ours (RFC 9457), so that clients know one shape only. */
export function addProblemResponses(api: RestApi): void {
  for (const { types, code, detail } of gatewayProblems) {
    for (const type of types) {
      api.addGatewayResponse(type.responseType, {
        type,
        statusCode: String(problems[code].status),
        responseHeaders: headers(code),
        // API Gateway selects a template by media type, this one when in doubt; the header says what it really is.
        templates: { 'application/json': template(code, detail) },
      });
    }
  }
}

function template(code: ProblemCode, detail: string = problems[code].detail): string {
  return JSON.stringify(problemBody(code, detail, '$context.path'));
}

/** What functions put on their answers (`lib/http/security-headers.ts`); a test compares the two. Nothing of these may be framed or run. */
const protection = {
  // Without apostrophes, which would end the literal that API Gateway wants: it is the sandbox that forbids everything.
  'Content-Security-Policy': 'sandbox',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=15552000; includeSubDomains',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

function headers(code: ProblemCode): Record<string, string> {
  const all = {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    ...protection,
    // Without these a page of another origin sees a network failure instead of the problem.
    'Access-Control-Allow-Origin': cors.allowOrigin,
    'Access-Control-Expose-Headers': cors.exposeHeaders.join(','),
    ...retryHeaders(code),
  };
  // A literal is quoted; anything else would be taken for the name of a variable.
  const quoted = Object.fromEntries(Object.entries(all).map(([name, value]) => [name, `'${value}'`]));
  // No function has seen the request, so it has no other id: the access log has a line with this one.
  return { ...quoted, 'X-Correlation-Id': 'context.requestId' };
}
