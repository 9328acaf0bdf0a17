import httpCors from '@middy/http-cors';
import httpHeaderNormalizer from '@middy/http-header-normalizer';
import type { Authenticator } from '../auth/index.ts';
import type { FlagReader } from '../config/flags.ts';
import type { Instruments } from '../observability/index.ts';
import { access } from './access.ts';
import { correlationId } from './correlation-id.ts';
import { cors } from './cors.ts';
import { featureFlags } from './feature-flags.ts';
import { idempotencyKey } from './idempotency-key.ts';
import type { Middleware } from './invocation.ts';
import { problemAnswers } from './problem-answers.ts';
import { apiPolicy, type ContentPolicy, securityHeaders } from './security-headers.ts';
import { trace } from './trace.ts';
import { validation } from './validation.ts';

export interface ChainOptions {
  readonly authenticate: Authenticator;
  readonly instruments: Instruments;
  /** What an operator has switched off; only areas that change nothing may do without. */
  readonly flags?: FlagReader;
  /** What a browser may do with the answers; nothing by default. */
  readonly contentPolicy?: ContentPolicy;
}

/**
 * The middlewares of every function. `before` runs downwards, `after` and `onError` upwards, so what stands higher sees
 * more of the answer, and what stands lower more of the request:
 *
 * 1. security, CORS and correlation headers go onto every answer, problems too, so they stand above what makes problems;
 * 2. header names become lower-case before anyone reads a header;
 * 3. what a request is found by (trace, correlation id) is known before anything can fail;
 * 4. problems are made above everything that throws one;
 * 5. access is checked before anything else of the request is read: strangers learn only that they are strangers;
 * 6. what an operator has switched off is refused before any work is done for it;
 * 7. the key comes before the body: it is cheap, and a request without one is not worth parsing;
 * 8. validation is last: the operation gets typed values and nothing else.
 *
 * Log line, metrics and trace of a request are no middleware: they tell of it also where the chain itself fails, so they
 * stand around it (see `observation.ts`).
 */
export function middlewares({
  authenticate,
  instruments,
  flags,
  contentPolicy = apiPolicy,
}: ChainOptions): Middleware[] {
  return [
    securityHeaders(contentPolicy),
    httpCors({ origin: cors.allowOrigin, exposeHeaders: cors.exposeHeaders.join(', ') }) as Middleware,
    httpHeaderNormalizer() as Middleware,
    trace(),
    correlationId(),
    problemAnswers(instruments.logger),
    access(authenticate),
    ...(flags ? [featureFlags(flags)] : []),
    idempotencyKey(),
    validation(),
  ];
}
