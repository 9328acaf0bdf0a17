import { AuditLog, AuditReader } from '../../lib/audit/index.ts';
import { accessOfEnvironment } from '../../lib/auth/index.ts';
import { readEnvironment } from '../../lib/config/environment.ts';
import { auditRoutes } from '../../lib/http/audit-routes.ts';
import { serveArea } from '../../lib/http/index.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { exportAuditLog } from './export-audit-log.ts';
import { getAuditRecord } from './get-audit-record.ts';
import { listAuditRecords } from './list-audit-records.ts';

const { PLATFORM_TABLE: table } = readEnvironment(['PLATFORM_TABLE']);
const instruments = createInstruments();
const platform = openPlatformTable({ table });
const reader = new AuditReader(platform);

export const handler = serveArea(
  auditRoutes,
  {
    listAuditRecords: listAuditRecords(reader),
    exportAuditLog: exportAuditLog(new AuditLog(platform), reader),
    getAuditRecord: getAuditRecord(reader),
  },
  { access: accessOfEnvironment(instruments.logger, { platform }), instruments },
);
