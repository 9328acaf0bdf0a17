import type { APIGatewayProxyResult, Context } from 'aws-lambda';
import { type Instruments, type Measured, xrayTraceId } from '../observability/index.ts';
import type { Invocation } from './invocation.ts';

/** Counted for a request that ends without an answer of ours. */
const statusWithoutAnswer = 500;

/** Runs what answers a request, and tells how that went. */
export type Observe = (
  invocation: Invocation,
  context: Context,
  answer: () => Promise<APIGatewayProxyResult>,
) => Promise<APIGatewayProxyResult>;

/**
 * Writes one line per invocation when its answer is ready, or when there is none: what was asked, what came of it, how
 * long it took. The line carries the request's metrics too, so that a request costs one line. Ids are in it; contents
 * of bodies, keys and credentials never are. Faults of ours are written where they are caught. Where the trace is
 * recorded, the same is told to X-Ray as a subsegment.
 */
export function observe({ logger, metrics, traces }: Instruments): Observe {
  let isColdStart = true;

  return async (invocation, context, answer) => {
    const isFirst = isColdStart;
    isColdStart = false;
    let status = statusWithoutAnswer;
    try {
      const result = await answer();
      status = result.statusCode;
      return result;
    } finally {
      const endedAt = Date.now();
      const latencyMs = Math.round((performance.now() - invocation.startedAt) * 10) / 10;
      const { route, correlationId, trace, caller, logged } = invocation;
      const { commitAttempts: _, ...fields } = logged;
      logger.info('request', {
        operation: route.operationId,
        status,
        ...fields,
        ...(correlationId !== '' && { correlationId }),
        requestId: context.awsRequestId,
        ...(trace && { traceId: xrayTraceId(trace.context.traceId) }),
        ...(trace?.causedBy !== undefined && { causedBy: trace.causedBy }),
        ...(caller && { tenant: caller.tenant, client: caller.client }),
        ...(isFirst && { coldStart: true }),
        ...metrics.fields(measured(invocation, status, latencyMs), endedAt),
      });
      if (trace) {
        traces.send({
          trace,
          name: route.operationId,
          startedAt: endedAt - latencyMs,
          endedAt,
          status,
          annotations: {
            correlationId,
            operation: route.operationId,
            tenant: caller?.tenant,
            transactionId: logged.transactionId,
          },
        });
      }
    }
  };
}

function measured({ logged }: Invocation, status: number, latencyMs: number): Measured {
  return {
    requests: 1,
    latency: latencyMs,
    faults: status >= 500 ? 1 : 0,
    commitAttempts: logged.commitAttempts,
    ...(logged.outcome !== undefined && { transactions: 1 }),
    ...(logged.replayed && { replays: 1 }),
    ...(logged.accepted && { accepted: 1 }),
    ...(logged.code !== undefined && { errors: 1 }),
    ...(logged.code === 'idempotency_key_reused' && { keyConflicts: 1 }),
  };
}
