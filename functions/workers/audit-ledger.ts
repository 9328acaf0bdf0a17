import type { Context } from 'aws-lambda';
import { readEnvironment } from '../../lib/config/environment.ts';
import { otherRegionInCharge } from '../../lib/config/region-in-charge.ts';
import { LedgerAudit } from '../../lib/dynamodb/audit/ledger-audit.ts';
import { createInstruments } from '../../lib/observability/index.ts';

/** What is kept back of the function's time: a step that was begun in time may take some seconds more, and its end is kept. */
const marginMs = 15_000;

const environment = readEnvironment(['LEDGER_TABLE']);
const { logger, metrics } = createInstruments();
/** Rows reach a replica one by one, so that between them a sound ledger looks damaged. */
const isOfAnotherRegion = otherRegionInCharge(logger);
const audit = new LedgerAudit({ table: environment.LEDGER_TABLE });

/**
 * Runs a slice of the audit of the ledger, and says in one line what it came to. Damage found is the line's to tell, and
 * the alarm's that watches its metric; the invocation itself fails only where the audit could not work.
 */
export async function handler(_event: unknown, context: Context): Promise<void> {
  if (await isOfAnotherRegion()) {
    logger.info('audit left to the Region that is open');
    return;
  }
  const run = await audit.run(Math.max(0, context.getRemainingTimeInMillis() - marginMs));
  const { entries, completed, findings, moreFindings, interrupted, isKept } = run;
  if (interrupted && entries === 0) throw interrupted;
  const measured = { auditedEntries: entries, auditFindings: findings.length + moreFindings };
  logger.info('audit', {
    requestId: context.awsRequestId,
    completed,
    ...(!isKept && { overtaken: true }),
    ...(interrupted && { interrupted: interrupted.code }),
    ...metrics.fields(measured, Date.now()),
  });
  for (const { kind, tenant, subject, foundAt } of findings) {
    logger.error('damage', { kind, tenant, subject, foundAt: new Date(foundAt).toISOString() });
  }
}
