import { randomBytes } from 'node:crypto';
import { parseTraceparent, parseXRayHeader, type TraceContext } from './trace-context.ts';

/** The trace of one invocation. */
export interface InvocationTrace {
  /** What is caused by this invocation links to this: items, messages, and the invocation's own subsegment. */
  readonly context: TraceContext;
  /** X-Ray's segment that the invocation's subsegment hangs under; absent where X-Ray records none. */
  readonly parentId?: string;
  /** The id of the caller's own trace, where it is another: 32 hexadecimal digits, as the caller wrote it. */
  readonly causedBy?: string;
}

const spanIdBytes = 8;

/** The part of `awslambda.InvokeStore` that is read here: values of the invocation this code runs in. */
interface InvokeStore {
  getXRayTraceId(): unknown;
}

/**
 * The trace header that Lambda gives this invocation: through the invoke store where invocations share an isolate, by
 * the environment where there is one at a time. There the environment would be some other invocation's.
 */
export function lambdaTraceHeader(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const { awslambda } = globalThis as { awslambda?: { InvokeStore?: InvokeStore } };
  const stored = awslambda?.InvokeStore?.getXRayTraceId();
  if (typeof stored === 'string') return stored;
  return environment.AWS_LAMBDA_MAX_CONCURRENCY === undefined ? environment._X_AMZN_TRACE_ID : undefined;
}

/**
 * Finds out which trace an invocation belongs to: X-Ray's, by what Lambda says and else by the request's header; else
 * the caller's own, if it sent a W3C `traceparent`; else none. Headers that are not what they should be are ignored.
 *
 * @param headers by lower-case name
 */
export function traceOfInvocation(
  headers: Readonly<Record<string, string | undefined>>,
  fromLambda: string | undefined = lambdaTraceHeader(),
): InvocationTrace | undefined {
  const xray = parseXRayHeader(fromLambda) ?? parseXRayHeader(headers['x-amzn-trace-id']);
  const caller = parseTraceparent(headers.traceparent);
  if (!xray) return caller && { context: caller };
  const { traceId, parentId, isSampled } = xray;
  return {
    context: { traceId, spanId: randomBytes(spanIdBytes).toString('hex'), isSampled },
    ...(parentId !== undefined && { parentId }),
    ...(caller && caller.traceId !== traceId && { causedBy: caller.traceId }),
  };
}
