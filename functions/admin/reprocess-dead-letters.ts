import type * as z from 'zod';
import type { reprocessManyAnswer } from '../../lib/http/admin-schemas.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import { LedgerError } from '../../lib/ledger/index.ts';
import type { LineWriter } from '../../lib/observability/index.ts';
import type { MassReprocessing, MassResult } from '../../lib/platform/mass-reprocessing.ts';
import { requestAsSeenBy, visibleTenants } from './visible-tenants.ts';

type Answer = z.input<typeof reprocessManyAnswer>;

export function reprocessDeadLetters(
  mass: MassReprocessing,
  once: Once,
  logger: LineWriter,
): Operation<'reprocessDeadLetters'> {
  return ({ body: { ids, filter = {}, limit }, caller, by, ...invocation }) => {
    const chosen = ids ? { ids } : { filter, limit };
    return once({
      ...invocation,
      tenant: caller.tenant,
      request: requestAsSeenBy(caller, chosen),
      change: async (keyApplied) => {
        const { cause } = invocation;
        const resolving = { by, keyApplied, cause };
        const timeMs = invocation.remainingTimeInMillis();
        const { results, more } = await mass.run(visibleTenants(caller), chosen, resolving, timeMs);
        for (const { id: deadLetterId, result } of results) {
          if (result.kind !== 'failed') continue;
          const { correlationId } = cause;
          logger.error('a dead letter was not reprocessed', {
            deadLetterId,
            correlationId,
            error: result.error as Error,
          });
        }
        const answer: Answer = { data: results.map(outcomeOf), more };
        return json(200, answer);
      },
    });
  };
}

function outcomeOf({ id, result }: MassResult): Answer['data'][number] {
  switch (result.kind) {
    case 'reprocessed': {
      const { transactionId, messageId } = result.letter.resolution ?? {};
      return {
        id,
        outcome: result.kind,
        ...(transactionId !== undefined && { transactionId }),
        ...(messageId !== undefined && { messageId }),
      };
    }
    case 'not_open':
      return { id, outcome: result.kind, detail: `It was ${result.letter.status} before.` };
    case 'not_reprocessable':
      return { id, outcome: result.kind, detail: result.detail };
    case 'failed':
      // What is no expected outcome is told to the log only.
      return { id, outcome: result.kind, detail: result.error instanceof LedgerError ? result.error.code : 'internal' };
    default:
      return { id, outcome: result.kind };
  }
}
