import { AuditLog } from '../../lib/audit/index.ts';
import { accessOfEnvironment } from '../../lib/auth/index.ts';
import { readEnvironment } from '../../lib/config/environment.ts';
import { Reports } from '../../lib/dynamodb/reports.ts';
import { serveArea } from '../../lib/http/index.ts';
import { reportRoutes } from '../../lib/http/report-routes.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { exportEntries } from './export-entries.ts';
import { getChecks } from './get-checks.ts';
import { getStatement } from './get-statement.ts';
import { getTrialBalance } from './get-trial-balance.ts';

const environment = readEnvironment(['LEDGER_TABLE', 'PLATFORM_TABLE']);
const instruments = createInstruments();
const reports = new Reports({ table: environment.LEDGER_TABLE });
const platform = openPlatformTable({ table: environment.PLATFORM_TABLE });
const acts = new AuditLog(platform);

export const handler = serveArea(
  reportRoutes,
  {
    getStatement: getStatement(reports),
    exportEntries: exportEntries(reports, acts),
    getTrialBalance: getTrialBalance(reports),
    getChecks: getChecks(reports),
  },
  { access: accessOfEnvironment(instruments.logger, { platform }), owners: reports.owners, instruments },
);
