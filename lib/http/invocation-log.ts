import type { LineWriter } from '../observability/index.ts';
import type { Middleware } from './invocation.ts';

/**
 * Writes one line per invocation, when its answer is ready: what was asked, what came of it, how long it took.
 * Ids are in it; contents of bodies, keys and credentials never are. Faults of ours are written where they are caught.
 */
export function invocationLog(writer: LineWriter): Middleware {
  const write: NonNullable<Middleware['after']> = ({ event, context, response }) => {
    const { invocation } = event;
    writer.info('request', {
      operation: invocation.route.operationId,
      status: response?.statusCode ?? 500,
      latencyMs: Math.round((performance.now() - invocation.startedAt) * 10) / 10,
      correlation_id: invocation.correlationId,
      requestId: context.awsRequestId,
      ...(invocation.caller && { tenant: invocation.caller.tenant, client: invocation.caller.client }),
      ...invocation.logged,
    });
  };
  return { after: write, onError: write };
}
