import { AuditLog } from '../../lib/audit/index.ts';
import { accessOfEnvironment } from '../../lib/auth/index.ts';
import { readEnvironment } from '../../lib/config/environment.ts';
import { flagsOfEnvironment } from '../../lib/config/flags-parameter.ts';
import { Ledger } from '../../lib/dynamodb/index.ts';
import { feeRoutes } from '../../lib/http/fee-routes.ts';
import { serveArea } from '../../lib/http/index.ts';
import { createIdempotencyClient, createOnce } from '../../lib/idempotency/index.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { createFeeSchedule } from './create-fee-schedule.ts';
import { getFeeSchedule } from './get-fee-schedule.ts';
import { listFeeSchedules } from './list-fee-schedules.ts';

const environment = readEnvironment(['LEDGER_TABLE', 'PLATFORM_TABLE', 'IDEMPOTENCY_TABLE']);
const instruments = createInstruments();
const { logger } = instruments;
const flags = flagsOfEnvironment(logger);
const platform = openPlatformTable({ table: environment.PLATFORM_TABLE });
const ledger = new Ledger({
  table: environment.LEDGER_TABLE,
  audit: new AuditLog(platform),
});
const once = createOnce('createFeeSchedule', environment.IDEMPOTENCY_TABLE, createIdempotencyClient(), logger);

export const handler = serveArea(
  feeRoutes,
  {
    createFeeSchedule: createFeeSchedule(ledger, once),
    listFeeSchedules: listFeeSchedules(ledger),
    getFeeSchedule: getFeeSchedule(ledger),
  },
  { access: accessOfEnvironment(logger, { platform }), instruments, flags },
);
