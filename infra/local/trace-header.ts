import { randomBytes } from 'node:crypto';

/** X-Ray's tracing header: `Root=1-<8 hex: seconds>-<24 hex>`, and where known `Parent=<16 hex>` and `Sampled=<0 or 1>`. */
const rootFormat = /^1-[0-9a-f]{8}-[0-9a-f]{24}$/i;
const maximumLength = 256;

/**
 * The `X-Amzn-Trace-Id` that an event carries: the caller's own where it has a valid root, as API Gateway leaves it, else one
 * with a new root.
 */
export function traceHeader(fromCaller: string | undefined, now: number): string {
  return fromCaller !== undefined && rootOf(fromCaller) ? fromCaller : `Root=${newRoot(now)}`;
}

/**
 * What Lambda tells a function of the trace (`_X_AMZN_TRACE_ID`): the root, the function's own segment as the parent of whatever
 * it does, and whether the trace is recorded. Nothing records traces here, so it is not unless the caller has decided otherwise.
 */
export function invocationTrace(header: string, now: number): string {
  const sampled = fieldsOf(header).get('Sampled') === '1' ? '1' : '0';
  return `Root=${rootOf(header) ?? newRoot(now)};Parent=${randomBytes(8).toString('hex')};Sampled=${sampled}`;
}

function rootOf(header: string): string | undefined {
  const root = header.length <= maximumLength ? fieldsOf(header).get('Root') : undefined;
  return root !== undefined && rootFormat.test(root) ? root : undefined;
}

function fieldsOf(header: string): Map<string, string> {
  return new Map(
    header.split(';').map((field) => {
      const [name = '', value = ''] = field.trim().split('=', 2);
      return [name, value] as const;
    }),
  );
}

function newRoot(now: number): string {
  const seconds = Math.floor(now / 1_000)
    .toString(16)
    .padStart(8, '0');
  return `1-${seconds}-${randomBytes(12).toString('hex')}`;
}
