import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';

/** A problem that API Gateway reports by itself, before or instead of the function's answer. */
interface GatewayProblem {
  readonly types: readonly ResponseType[];
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly retryAfterSeconds?: number;
}

const problems: readonly GatewayProblem[] = [
  {
    // API Gateway says "missing authentication token" of a route it does not know, and complains of a signature if such a
    // request carries an Authorization header. No route of ours uses its authentication, so all of them mean the same.
    types: [
      ResponseType.MISSING_AUTHENTICATION_TOKEN,
      ResponseType.INVALID_SIGNATURE,
      ResponseType.EXPIRED_TOKEN,
      ResponseType.RESOURCE_NOT_FOUND,
    ],
    status: 404,
    code: 'not_found',
    title: 'Not found',
    detail: 'There is no such route.',
  },
  {
    types: [ResponseType.ACCESS_DENIED, ResponseType.WAF_FILTERED],
    status: 403,
    code: 'forbidden',
    title: 'Forbidden',
    detail: 'The request was refused before it was looked at.',
  },
  {
    types: [ResponseType.BAD_REQUEST_BODY, ResponseType.BAD_REQUEST_PARAMETERS, ResponseType.DEFAULT_4XX],
    status: 400,
    code: 'invalid_request',
    title: 'Invalid request',
    detail: 'The request could not be read.',
  },
  {
    types: [ResponseType.REQUEST_TOO_LARGE],
    status: 413,
    code: 'too_large',
    title: 'Too large',
    detail: 'The request is larger than can be accepted.',
  },
  {
    types: [ResponseType.UNSUPPORTED_MEDIA_TYPE],
    status: 415,
    code: 'unsupported_media_type',
    title: 'Unsupported media type',
    detail: 'Send application/json.',
  },
  {
    types: [ResponseType.THROTTLED, ResponseType.QUOTA_EXCEEDED],
    status: 429,
    code: 'rate_limited',
    title: 'Too many requests',
    detail: 'More requests arrived than are accepted; try again later.',
    retryAfterSeconds: 1,
  },
  {
    // The function may have run, so it may have moved money: nothing may be promised but that the same key is safe.
    types: [ResponseType.INTEGRATION_TIMEOUT, ResponseType.INTEGRATION_FAILURE, ResponseType.DEFAULT_5XX],
    status: 503,
    code: 'outcome_unknown',
    title: 'Outcome unknown',
    detail:
      'No answer arrived in time. The request may have taken effect: repeat it with the same idempotency key only.',
    retryAfterSeconds: 1,
  },
];

/** Gives the errors that API Gateway makes itself the shape of ours (RFC 9457), so that clients know one shape only. */
export function addProblemResponses(api: RestApi): void {
  for (const problem of problems) {
    for (const type of problem.types) {
      api.addGatewayResponse(type.responseType, {
        type,
        statusCode: String(problem.status),
        responseHeaders: headers(problem),
        templates: { 'application/json': body(problem) },
      });
    }
  }
}

function headers({ retryAfterSeconds }: GatewayProblem): Record<string, string> {
  return {
    'Content-Type': "'application/problem+json'",
    'Cache-Control': "'no-store'",
    'X-Content-Type-Options': "'nosniff'",
    // Without it a page of another origin sees a network failure instead of the problem.
    'Access-Control-Allow-Origin': "'*'",
    ...(retryAfterSeconds !== undefined && { 'Retry-After': `'${retryAfterSeconds}'` }),
  };
}

/** API Gateway selects a template by media type, `application/json` when in doubt; the header above says what it is. */
function body({ code, status, title, detail }: GatewayProblem): string {
  return JSON.stringify({ type: 'about:blank', title, status, detail, code });
}
