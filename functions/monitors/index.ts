import { accessOfEnvironment } from '../../lib/auth/index.ts';
import { readEnvironment } from '../../lib/config/environment.ts';
import { flagsOfEnvironment } from '../../lib/config/flags-parameter.ts';
import { Ledger } from '../../lib/dynamodb/index.ts';
import { serveArea } from '../../lib/http/index.ts';
import { monitorRoutes } from '../../lib/http/monitor-routes.ts';
import { createIdempotencyClient, createOnce } from '../../lib/idempotency/index.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { MonitorStore } from '../../lib/platform/monitor-store.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { createMonitor } from './create-monitor.ts';
import { deleteMonitor } from './delete-monitor.ts';
import { getMonitor } from './get-monitor.ts';
import { listMonitors } from './list-monitors.ts';
import { updateMonitor } from './update-monitor.ts';

const environment = readEnvironment(['LEDGER_TABLE', 'PLATFORM_TABLE', 'IDEMPOTENCY_TABLE']);
const instruments = createInstruments();
const { logger } = instruments;
const flags = flagsOfEnvironment(logger);
const ledger = new Ledger({ table: environment.LEDGER_TABLE });
const platform = openPlatformTable({ table: environment.PLATFORM_TABLE });
const monitors = new MonitorStore({
  platform,
  ledgerTable: environment.LEDGER_TABLE,
  balances: ledger.balances,
});
const records = createIdempotencyClient();
const onceFor = (operation: string) => createOnce(operation, environment.IDEMPOTENCY_TABLE, records, logger);

export const handler = serveArea(
  monitorRoutes,
  {
    createMonitor: createMonitor(monitors, onceFor('createMonitor')),
    listMonitors: listMonitors(monitors, ledger),
    getMonitor: getMonitor(monitors),
    updateMonitor: updateMonitor(monitors, onceFor('updateMonitor')),
    deleteMonitor: deleteMonitor(monitors, onceFor('deleteMonitor')),
  },
  { access: accessOfEnvironment(logger, { platform }), instruments, flags },
);
