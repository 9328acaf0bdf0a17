import httpCors from '@middy/http-cors';
import httpHeaderNormalizer from '@middy/http-header-normalizer';
import type { Access } from '../auth/index.ts';
import { unlimited } from '../auth/rate-limiter.ts';
import type { FlagReader } from '../config/flags.ts';
import type { Instruments } from '../observability/index.ts';
import { authentication } from './authentication.ts';
import { authorisation } from './authorisation.ts';
import { correlationId } from './correlation-id.ts';
import { cors } from './cors.ts';
import { featureFlags } from './feature-flags.ts';
import { idempotencyKey } from './idempotency-key.ts';
import type { Middleware } from './invocation.ts';
import { type OwnerReader, ownership } from './ownership.ts';
import { problemAnswers } from './problem-answers.ts';
import { rateLimit, rateLimitHeaders } from './rate-limit.ts';
import { gatheredHeaders } from './repeated-headers.ts';
import { apiPolicy, type ContentPolicy, securityHeaders } from './security-headers.ts';
import { trace } from './trace.ts';
import { validation } from './validation.ts';

export interface ChainOptions {
  /** Who is let in; only areas whose routes are all public may do without. */
  readonly access?: Access;
  /** Tells whose accounts are; areas that owners may use need it. */
  readonly owners?: OwnerReader;
  readonly instruments: Instruments;
  /** What an operator has switched off; only areas that change nothing may do without. */
  readonly flags?: FlagReader;
  /** What a browser may do with the answers; nothing by default. */
  readonly contentPolicy?: ContentPolicy;
}

/** Lets nobody in but to what is public. */
const nobody: Access = { authenticate: async () => undefined, limiter: unlimited };

/**
 * The middlewares of every function. `before` runs downwards, `after` and `onError` upwards, so what stands higher sees
 * more of the answer, and what stands lower more of the request:
 *
 * 1. security, CORS and correlation headers go onto every answer, problems too, so they stand above what makes problems;
 * 2. header names become lower-case, and what was sent under one name is gathered, before anyone reads a header;
 * 3. what a request is found by (trace, correlation id) is known before anything can fail;
 * 4. problems are made above everything that throws one;
 * 5. who asks is found out before anything else of the request is read: strangers learn only that they are strangers;
 * 6. a client's allowance is charged as soon as the client is known, also for requests that are refused further down;
 * 7. what the client may not do at all is refused next, since that takes the route alone;
 * 8. what an operator has switched off is refused before any work is done for it;
 * 9. the key comes before the body: it is cheap, and a request without one is not worth parsing;
 * 10. validation gives the operation typed values and nothing else;
 * 11. whose accounts they are can be asked only of accounts that are known to be names of accounts.
 *
 * Log line, metrics and trace of a request are no middleware: they tell of it also where the chain itself fails, so they
 * stand around it (see `observation.ts`).
 */
export function middlewares({
  access: { authenticate, limiter } = nobody,
  owners,
  instruments,
  flags,
  contentPolicy = apiPolicy,
}: ChainOptions): Middleware[] {
  return [
    securityHeaders(contentPolicy),
    httpCors({ origin: cors.allowOrigin, exposeHeaders: cors.exposeHeaders.join(', ') }) as Middleware,
    gatheredHeaders(),
    httpHeaderNormalizer() as Middleware,
    trace(),
    correlationId(),
    rateLimitHeaders(),
    problemAnswers(instruments.logger),
    authentication(authenticate),
    rateLimit(limiter),
    authorisation(),
    ...(flags ? [featureFlags(flags)] : []),
    idempotencyKey(),
    validation(),
    ownership(owners),
  ];
}
