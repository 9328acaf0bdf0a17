import { AuditLog } from '../../lib/audit/index.ts';
import { accessOfEnvironment } from '../../lib/auth/index.ts';
import { readEnvironment } from '../../lib/config/environment.ts';
import { flagsOfEnvironment } from '../../lib/config/flags-parameter.ts';
import { Ledger } from '../../lib/dynamodb/index.ts';
import { serveArea } from '../../lib/http/index.ts';
import { privacyRoutes } from '../../lib/http/privacy-routes.ts';
import { createIdempotencyClient, createOnce } from '../../lib/idempotency/index.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { redactAccount } from './redact-account.ts';
import { redactHold } from './redact-hold.ts';
import { redactTransaction } from './redact-transaction.ts';

const { LEDGER_TABLE, PLATFORM_TABLE, IDEMPOTENCY_TABLE } = readEnvironment([
  'LEDGER_TABLE',
  'PLATFORM_TABLE',
  'IDEMPOTENCY_TABLE',
]);
const instruments = createInstruments();
const { logger } = instruments;
const platform = openPlatformTable({ table: PLATFORM_TABLE });
const acts = new AuditLog(platform);
const redactions = new Ledger({ table: LEDGER_TABLE }).redactions(acts);
const records = createIdempotencyClient();
const onceFor = (operation: string) => createOnce(operation, IDEMPOTENCY_TABLE, records, logger);
// What is redacted is gone for good, so that whoever was revoked a moment ago must not do it in the minute that other functions may not know of it.
const access = accessOfEnvironment(logger, { platform, keyMaxAgeMs: 0 });

export const handler = serveArea(
  privacyRoutes,
  {
    redactTransaction: redactTransaction(redactions, onceFor('redactTransaction')),
    redactHold: redactHold(redactions, onceFor('redactHold')),
    redactAccount: redactAccount(redactions, onceFor('redactAccount')),
  },
  { access, instruments, flags: flagsOfEnvironment(logger) },
);
