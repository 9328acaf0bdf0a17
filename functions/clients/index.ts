import { AuditLog } from '../../lib/audit/index.ts';
import { accessOfEnvironment } from '../../lib/auth/index.ts';
import { readEnvironment } from '../../lib/config/environment.ts';
import { flagsOfEnvironment } from '../../lib/config/flags-parameter.ts';
import { clientRoutes } from '../../lib/http/client-routes.ts';
import { serveArea } from '../../lib/http/index.ts';
import { createIdempotencyClient, createOnce } from '../../lib/idempotency/index.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { ClientStore } from '../../lib/platform/client-store.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { createClient } from './create-client.ts';
import { getClient } from './get-client.ts';
import { listClients } from './list-clients.ts';
import { revokeClient } from './revoke-client.ts';
import { rotateClientKey } from './rotate-client-key.ts';
import { updateClient } from './update-client.ts';

const { PLATFORM_TABLE, IDEMPOTENCY_TABLE, KEY_LABEL } = readEnvironment([
  'PLATFORM_TABLE',
  'IDEMPOTENCY_TABLE',
  'KEY_LABEL',
]);
const instruments = createInstruments();
const { logger } = instruments;
const platform = openPlatformTable({ table: PLATFORM_TABLE });
const clients = new ClientStore(platform, new AuditLog(platform));
const records = createIdempotencyClient();
// Whoever was revoked a moment ago, or lost a scope, must not make himself another key in the minute that other functions may not know of it.
const access = accessOfEnvironment(logger, { platform, keyMaxAgeMs: 0 });
const onceFor = (operation: string) => createOnce(operation, IDEMPOTENCY_TABLE, records, logger);

export const handler = serveArea(
  clientRoutes,
  {
    createClient: createClient(clients, KEY_LABEL, onceFor('createClient')),
    listClients: listClients(clients),
    getClient: getClient(clients),
    updateClient: updateClient(clients, onceFor('updateClient')),
    rotateClientKey: rotateClientKey(clients, KEY_LABEL, onceFor('rotateClientKey')),
    revokeClient: revokeClient(clients, onceFor('revokeClient')),
  },
  { access, instruments, flags: flagsOfEnvironment(logger) },
);
