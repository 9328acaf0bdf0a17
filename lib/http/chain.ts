import httpCors from '@middy/http-cors';
import httpHeaderNormalizer from '@middy/http-header-normalizer';
import type { Authenticator } from '../auth/index.ts';
import type { FlagReader } from '../config/flags.ts';
import type { LineWriter } from '../observability/index.ts';
import { access } from './access.ts';
import { correlationId } from './correlation-id.ts';
import { cors } from './cors.ts';
import { featureFlags } from './feature-flags.ts';
import { idempotencyKey } from './idempotency-key.ts';
import type { Middleware } from './invocation.ts';
import { invocationLog } from './invocation-log.ts';
import { problemAnswers } from './problem-answers.ts';
import { apiPolicy, type ContentPolicy, securityHeaders } from './security-headers.ts';
import { validation } from './validation.ts';

export interface ChainOptions {
  readonly authenticate: Authenticator;
  readonly logger: LineWriter;
  /** What an operator has switched off; only areas that change nothing may do without. */
  readonly flags?: FlagReader;
  /** What a browser may do with the answers; nothing by default. */
  readonly contentPolicy?: ContentPolicy;
}

/**
 * The middlewares of every function. `before` runs downwards, `after` and `onError` upwards, so what stands higher sees
 * more of the answer, and what stands lower more of the request:
 *
 * 1. the log line is written last of all and tells what really goes out, so it stands first;
 * 2. security, CORS and correlation headers go onto every answer, problems too, so they stand above what makes problems;
 * 3. header names become lower-case before anyone reads a header;
 * 4. problems are made above everything that throws one;
 * 5. access is checked before anything else of the request is read: strangers learn only that they are strangers;
 * 6. what an operator has switched off is refused before any work is done for it;
 * 7. the key comes before the body: it is cheap, and a request without one is not worth parsing;
 * 8. validation is last: the operation gets typed values and nothing else.
 */
export function middlewares({ authenticate, logger, flags, contentPolicy = apiPolicy }: ChainOptions): Middleware[] {
  return [
    invocationLog(logger),
    securityHeaders(contentPolicy),
    httpCors({ origin: cors.allowOrigin, exposeHeaders: cors.exposeHeaders.join(', ') }) as Middleware,
    httpHeaderNormalizer() as Middleware,
    correlationId(),
    problemAnswers(logger),
    access(authenticate),
    ...(flags ? [featureFlags(flags)] : []),
    idempotencyKey(),
    validation(),
  ];
}
