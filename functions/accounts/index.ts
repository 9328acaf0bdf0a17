import { AuditLog } from '../../lib/audit/index.ts';
import { accessOfEnvironment } from '../../lib/auth/index.ts';
import { readEnvironment } from '../../lib/config/environment.ts';
import { flagsOfEnvironment } from '../../lib/config/flags-parameter.ts';
import { Ledger } from '../../lib/dynamodb/index.ts';
import { accountRoutes } from '../../lib/http/account-routes.ts';
import { serveArea } from '../../lib/http/index.ts';
import { createIdempotencyClient, createOnce } from '../../lib/idempotency/index.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { createAccount } from './create-account.ts';
import { getAccount } from './get-account.ts';
import { getBalance } from './get-balance.ts';
import { listAccounts } from './list-accounts.ts';
import { listBalances } from './list-balances.ts';
import { listEntries } from './list-entries.ts';
import { updateAccount } from './update-account.ts';

const environment = readEnvironment(['LEDGER_TABLE', 'PLATFORM_TABLE', 'IDEMPOTENCY_TABLE']);
const instruments = createInstruments();
const { logger } = instruments;
const flags = flagsOfEnvironment(logger);
const platform = openPlatformTable({ table: environment.PLATFORM_TABLE });
const ledger = new Ledger({
  table: environment.LEDGER_TABLE,
  audit: new AuditLog(platform),
});
const records = createIdempotencyClient();
const onceFor = (operation: string) => createOnce(operation, environment.IDEMPOTENCY_TABLE, records, logger);

export const handler = serveArea(
  accountRoutes,
  {
    createAccount: createAccount(ledger, onceFor('createAccount')),
    listAccounts: listAccounts(ledger),
    getAccount: getAccount(ledger),
    updateAccount: updateAccount(ledger, onceFor('updateAccount')),
    listBalances: listBalances(ledger),
    getBalance: getBalance(ledger),
    listEntries: listEntries(ledger),
  },
  { access: accessOfEnvironment(logger, { platform }), owners: ledger.owners, instruments, flags },
);
