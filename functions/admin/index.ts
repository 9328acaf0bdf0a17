import { AuditLog } from '../../lib/audit/index.ts';
import { accessOfEnvironment } from '../../lib/auth/index.ts';
import { readEnvironment } from '../../lib/config/environment.ts';
import { flagsOfEnvironment } from '../../lib/config/flags-parameter.ts';
import { Ledger } from '../../lib/dynamodb/index.ts';
import { adminRoutes } from '../../lib/http/admin-routes.ts';
import { serveArea } from '../../lib/http/index.ts';
import { createIdempotencyClient, createOnce } from '../../lib/idempotency/index.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { DeadLetterStore } from '../../lib/platform/dead-letter-store.ts';
import { MassReprocessing } from '../../lib/platform/mass-reprocessing.ts';
import { MessageResender } from '../../lib/platform/message-resender.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { Reprocessing } from '../../lib/platform/reprocessing.ts';
import { lineWaker } from '../../lib/sqs/index.ts';
import { acceptAnewBy } from './accept-anew.ts';
import { discardDeadLetter } from './discard-dead-letter.ts';
import { getDeadLetter } from './get-dead-letter.ts';
import { listDeadLetters } from './list-dead-letters.ts';
import { reprocessDeadLetter } from './reprocess-dead-letter.ts';
import { reprocessDeadLetters } from './reprocess-dead-letters.ts';

const environment = readEnvironment([
  'LEDGER_TABLE',
  'PLATFORM_TABLE',
  'IDEMPOTENCY_TABLE',
  'LINES_QUEUE_URL',
  'JOURNAL_QUEUE_URL',
  'PUBLICATION_QUEUE_URL',
  'WEBHOOK_EVENTS_QUEUE_URL',
  'DELIVERIES_QUEUE_URL',
  'BALANCE_EVENTS_QUEUE_URL',
]);
const instruments = createInstruments();
const { logger } = instruments;
const flags = flagsOfEnvironment(logger);
const wakeLine = lineWaker({ queueUrl: environment.LINES_QUEUE_URL, logger });
const ledger = new Ledger({ table: environment.LEDGER_TABLE, wakeLine });
const platform = openPlatformTable({ table: environment.PLATFORM_TABLE });
const letters = new DeadLetterStore(platform, new AuditLog(platform));
const resender = new MessageResender({
  queueUrls: {
    lines: environment.LINES_QUEUE_URL,
    journal: environment.JOURNAL_QUEUE_URL,
    publication: environment.PUBLICATION_QUEUE_URL,
    webhook_events: environment.WEBHOOK_EVENTS_QUEUE_URL,
    deliveries: environment.DELIVERIES_QUEUE_URL,
    balance_events: environment.BALANCE_EVENTS_QUEUE_URL,
  },
});
const reprocessing = new Reprocessing(
  letters,
  { acceptAnew: acceptAnewBy(ledger), resend: (...message) => resender.resend(...message) },
  platform.clock,
);
const records = createIdempotencyClient();
const onceFor = (operation: string) => createOnce(operation, environment.IDEMPOTENCY_TABLE, records, logger);

export const handler = serveArea(
  adminRoutes,
  {
    listDeadLetters: listDeadLetters(platform),
    getDeadLetter: getDeadLetter(letters),
    reprocessDeadLetter: reprocessDeadLetter(reprocessing, onceFor('reprocessDeadLetter')),
    reprocessDeadLetters: reprocessDeadLetters(
      new MassReprocessing(platform, reprocessing),
      onceFor('reprocessDeadLetters'),
      logger,
    ),
    discardDeadLetter: discardDeadLetter(letters, onceFor('discardDeadLetter')),
  },
  { access: accessOfEnvironment(logger, { platform }), instruments, flags },
);
