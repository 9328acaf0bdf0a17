/** What browsers may do from other origins. Any origin may call, since nothing rests on cookies: a key is always sent on purpose. */
export const cors = {
  allowOrigin: '*',
  allowMethods: ['GET', 'POST', 'PATCH', 'DELETE'],
  allowHeaders: [
    'Authorization',
    'Content-Type',
    'Idempotency-Key',
    'If-None-Match',
    'Prefer',
    'Traceparent',
    'X-Api-Key',
    'X-Correlation-Id',
    'X-Idempotency-Key',
  ],
  exposeHeaders: [
    'ETag',
    'Idempotent-Replayed',
    'Location',
    'Preference-Applied',
    'Retry-After',
    'WWW-Authenticate',
    'X-Correlation-Id',
    'X-Next-Cursor',
    'X-Period-End',
  ],
  maxAgeSeconds: 3_600,
} as const;
