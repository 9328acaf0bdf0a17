import * as z from 'zod';
import {
  createDocument,
  type ZodOpenApiObject,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
} from 'zod-openapi';
import { maxIdempotencyKeyLength } from '../ledger/limits.ts';
import { type ProblemCode, problemBody, problemMembers, problems, problemType } from './problem.ts';
import { type AnswerHeader, isMutation, type Route, type RouteAnswer } from './route.ts';
import { routes } from './routes.ts';

/**
 * The OpenAPI 3.1 document, made from the route table and the problem table alone. It is built ahead of time and kept
 * beside the function that serves it, so that none of this is loaded to answer a request.
 */

const apiVersion = '1.0.0';

const introduction = `A wallet and double-entry ledger.

Amounts are whole minor units (cents for \`USD/2\`), written as strings of digits. Every \`POST\`, \`PATCH\` and \`DELETE\` needs
an \`Idempotency-Key\`: a key names one request for ever, so after any failure the same request with the same key is safe and
gives the final answer. With \`Prefer: respond-async\` a request that moves money is accepted with \`202\` and executed in its
turn; where many write one balance at once, that may happen unasked. Errors are problem documents (RFC 9457) with a stable \`code\`.`;

const problemSchema = z
  .object({
    type: z.string().meta({ example: problemType('insufficient_funds') }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'For people; it may change.' }),
    instance: z.string().meta({ description: 'The path of what the problem is about.' }),
    code: z.enum(Object.keys(problems) as [ProblemCode, ...ProblemCode[]]).meta({ id: 'ProblemCode' }),
    errors: z
      .array(
        z.object({
          in: z.enum(['body', 'query', 'path', 'header']),
          pointer: z
            .string()
            .meta({ description: 'A JSON Pointer (RFC 6901) into that part of the request.', example: '/amount' }),
          detail: z.string(),
        }),
      )
      .optional()
      .meta({ description: 'With `invalid_request`: every fault.' }),
    ...Object.fromEntries(
      Object.entries(problemMembers).map(([name, description]) => [name, z.string().optional().meta({ description })]),
    ),
  })
  .meta({ id: 'Problem', description: 'A problem document (RFC 9457).' });

/** On every answer to a client that is known. */
const clientHeaders = ['RateLimit-Policy', 'RateLimit'] as const;
type ClientHeader = (typeof clientHeaders)[number];

const answerHeaders: Readonly<Record<AnswerHeader | ClientHeader | 'Retry-After' | 'WWW-Authenticate', z.ZodType>> = {
  ETag: z.string().meta({ description: 'Changes when what is answered changes; send it back as `If-None-Match`.' }),
  Location: z.string().meta({ description: 'The path of what was created.' }),
  'Idempotent-Replayed': z
    .literal('true')
    .optional()
    .meta({ description: 'This is the answer of an earlier request with this key.' }),
  'Preference-Applied': z
    .literal('respond-async')
    .optional()
    .meta({ description: 'It is processed in the background, as was asked for.' }),
  'X-Next-Cursor': z.string().optional().meta({ description: 'Where the next page begins; absent on the last.' }),
  'X-Period-End': z.string().meta({ description: 'The last instant of the period, RFC 3339.' }),
  'RateLimit-Policy': z.string().optional().meta({
    description:
      'How many requests (`q`) the client may make in so many seconds (`w`). Absent where the credentials have no limit of their own. Source: draft-ietf-httpapi-ratelimit-headers.',
    example: '"client";q=200;w=2',
  }),
  RateLimit: z.string().optional().meta({
    description:
      'How many requests may follow at once (`r`), and the seconds until all may again, or after 429 until another one may (`t`).',
    example: '"client";r=180;t=1',
  }),
  'Retry-After': z.string().meta({ description: 'Seconds to wait before the same request is made again.' }),
  'WWW-Authenticate': z.string().optional().meta({
    description: 'How to authenticate. API Gateway renames it to `x-amzn-Remapped-WWW-Authenticate`.',
  }),
};

const correlationId = z.string().optional().meta({ description: 'Returned and logged; made where none was sent.' });

const keyHeader = z.object({
  'Idempotency-Key': z.string().min(1).max(maxIdempotencyKeyLength).meta({
    description:
      'Made anew for each action and kept for its retries: 1 to 255 visible ASCII characters, also as a quoted structured-field string. `X-Idempotency-Key` is accepted too.',
    example: '8e03978e-40d5-43dd-bc93-6894a57f9324',
  }),
  'X-Correlation-Id': correlationId,
});

const lineHeader = keyHeader.extend({
  Prefer: z.string().optional().meta({
    description: '`respond-async`: accept it, answer `202` at once, and execute it in its turn. Source: RFC 7240.',
    example: 'respond-async',
  }),
});

const readHeaders = z.object({ 'X-Correlation-Id': correlationId });

const conditionalHeaders = z.object({
  'If-None-Match': z.string().optional().meta({ description: 'An `ETag`: answered `304` where nothing changed.' }),
  'X-Correlation-Id': correlationId,
});

/** What credentials must allow. Since OpenAPI 3.1 a scheme of any kind may name it, not just OAuth2. */
function securityOf({ scope }: Route): Record<string, string[]>[] {
  return scope === 'public' ? [] : [{ bearer: [scope] }, { apiKey: [scope] }];
}

/** Who may use a route, for people. */
function accessOf({ scope, owners }: Route): string {
  if (scope === 'public') return 'It is public.';
  const whose = owners ? ', or credentials whose subject owns the account that it is about' : '';
  return `It takes the scope \`${scope}\`${whose}.`;
}

/** Problems that follow from what a route is, beside its own. */
function problemsOf(route: Route): ProblemCode[] {
  const codes: ProblemCode[] = [...route.problems, 'headers_too_large', 'internal'];
  if (route.scope !== 'public')
    codes.push('invalid_request', 'unauthenticated', 'forbidden', 'rate_limited', 'unavailable');
  if (isMutation(route)) codes.push('idempotency_key_missing', 'idempotency_key_reused');
  if (route.body) codes.push('too_large', 'unsupported_media_type');
  return [...new Set(codes)];
}

type DescribedHeader = keyof typeof answerHeaders;

/** @param sometimes those of the names that not every such answer has */
function headersOf(names: readonly DescribedHeader[], sometimes: readonly DescribedHeader[] = []): z.ZodObject {
  const shape: Record<string, z.ZodType> = { 'X-Correlation-Id': z.string() };
  for (const name of names)
    shape[name] = sometimes.includes(name) ? answerHeaders[name].optional() : answerHeaders[name];
  return z.object(shape);
}

function successResponse(
  answer: RouteAnswer,
  sometimes: readonly DescribedHeader[],
  ofClient: readonly DescribedHeader[],
): ZodOpenApiResponseObject {
  const mediaType = answer.mediaType ?? 'application/json';
  return {
    description: answer.description,
    headers: headersOf([...(answer.headers ?? []), ...ofClient], sometimes),
    content: {
      [mediaType]: answer.schema ? { schema: answer.schema } : {},
      ...Object.fromEntries((answer.otherMediaTypes ?? []).map((type) => [type, { schema: z.string() }])),
    },
  };
}

/** All problems of one status, with an example of each. */
function problemResponse(
  id: string,
  codes: readonly ProblemCode[],
  ofClient: readonly DescribedHeader[],
): ZodOpenApiResponseObject {
  const examples: Record<string, { summary: string; value: unknown }> = {};
  const headers = new Set<DescribedHeader>(ofClient);
  const areRetried = codes.filter((code) => 'retryAfterSeconds' in problems[code]);
  if (areRetried.length > 0) headers.add('Retry-After');
  for (const code of codes) {
    if (code === 'unauthenticated') headers.add('WWW-Authenticate');
    examples[code] = {
      summary: problems[code].title,
      value: problemBody(code, problems[code].detail, '/v1/transfers'),
    };
  }
  return {
    id,
    description: codes.map((code) => `\`${code}\`: ${problems[code].detail}`).join('\n\n'),
    headers: headersOf([...headers], areRetried.length < codes.length ? ['Retry-After'] : []),
    content: { 'application/problem+json': { schema: problemSchema, examples } },
  };
}

/** Makes each response once: operations with the same problems refer to the same component. */
class SharedResponses {
  readonly #problems = new Map<string, ZodOpenApiResponseObject>();
  readonly #countByStatus = new Map<number, number>();
  readonly notModified: ZodOpenApiResponseObject = {
    id: 'NotModified',
    description: 'Unchanged since the `ETag` that was sent.',
    headers: headersOf(['ETag', ...clientHeaders]),
  };

  problems(
    status: number,
    codes: readonly ProblemCode[],
    ofClient: readonly DescribedHeader[],
  ): ZodOpenApiResponseObject {
    const name = [...codes.toSorted(), ...ofClient].join();
    const known = this.#problems.get(name);
    if (known) return known;
    const count = (this.#countByStatus.get(status) ?? 0) + 1;
    this.#countByStatus.set(status, count);
    const response = problemResponse(count === 1 ? `Problem${status}` : `Problem${status}-${count}`, codes, ofClient);
    this.#problems.set(name, response);
    return response;
  }
}

function responsesOf(route: Route, shared: SharedResponses): ZodOpenApiOperationObject['responses'] {
  const responses: Record<`${1 | 2 | 3 | 4 | 5}${string}`, ZodOpenApiResponseObject> = {};
  const ofClient = route.scope === 'public' ? [] : clientHeaders;
  for (const [status, answer] of Object.entries(route.answers)) {
    responses[status as '200'] = successResponse(answer, readsThePast(route) ? ['ETag'] : [], ofClient);
    if (answer.headers?.includes('ETag') && !isMutation(route)) {
      responses['304'] = shared.notModified;
    }
  }
  const byStatus = Map.groupBy(problemsOf(route), (code) => problems[code].status);
  for (const [status, codes] of [...byStatus].sort(([one], [other]) => one - other)) {
    // Nobody is known to whom it is said that he is not.
    responses[`${status}` as '400'] = shared.problems(status, codes, status === 401 ? [] : ofClient);
  }
  return responses;
}

function headerSchemaOf(route: Route): z.ZodObject {
  if (route.answers[202]?.headers?.includes('Preference-Applied')) return lineHeader;
  if (isMutation(route)) return keyHeader;
  return Object.values(route.answers).some((answer) => answer.headers?.includes('ETag'))
    ? conditionalHeaders
    : readHeaders;
}

/** What is read as of an instant has no version that a validator could be made of. */
function readsThePast(route: Route): boolean {
  return hasFields(route.query) && 'at' in route.query.shape;
}

function hasFields(schema: z.ZodType): schema is z.ZodObject {
  return schema instanceof z.ZodObject && Object.keys(schema.shape).length > 0;
}

function operationOf(route: Route, shared: SharedResponses): ZodOpenApiOperationObject {
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    description: [route.description, accessOf(route)].filter(Boolean).join(' '),
    requestParams: {
      header: headerSchemaOf(route),
      ...(hasFields(route.params) && { path: route.params }),
      ...(hasFields(route.query) && { query: route.query }),
    },
    ...(route.body && { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }),
    responses: responsesOf(route, shared),
    security: securityOf(route),
    'x-scope': route.scope,
    'x-owners': route.owners !== undefined,
  };
}

/** Builds the document as a plain object: the same bytes for the same routes, in the order of the table. */
export function buildOpenApiDocument(): object {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  const shared = new SharedResponses();
  for (const route of routes as readonly Route[]) {
    const path = paths[route.path] ?? {};
    path[route.method.toLowerCase()] = operationOf(route, shared);
    paths[route.path] = path;
  }
  const description: ZodOpenApiObject = {
    openapi: '3.1.0',
    info: {
      title: 'Florin',
      version: apiVersion,
      description: introduction,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // Relative to this document's own address, so that it holds below a stage or a base path too.
    servers: [{ url: './' }],
    tags: [...new Set((routes as readonly Route[]).map((route) => route.tag))].map((name) => ({ name })),
    paths: paths as ZodOpenApiPathsObject,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key, or a token (JWT) of an issuer that the stage is configured with.',
        },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key', description: 'An API key.' },
      },
    },
  };
  return createDocument(description);
}
