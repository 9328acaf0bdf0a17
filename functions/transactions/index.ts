import { AuditLog } from '../../lib/audit/index.ts';
import { accessOfEnvironment } from '../../lib/auth/index.ts';
import { readEnvironment } from '../../lib/config/environment.ts';
import { flagsOfEnvironment } from '../../lib/config/flags-parameter.ts';
import { Ledger } from '../../lib/dynamodb/index.ts';
import { serveArea } from '../../lib/http/index.ts';
import { transactionRoutes } from '../../lib/http/transaction-routes.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { lineWaker } from '../../lib/sqs/index.ts';
import { createBatch } from './create-batch.ts';
import { createBonus } from './create-bonus.ts';
import { createDeposit } from './create-deposit.ts';
import { createReversal } from './create-reversal.ts';
import { createSpend } from './create-spend.ts';
import { createTopUp } from './create-top-up.ts';
import { createTransaction } from './create-transaction.ts';
import { createTransfer } from './create-transfer.ts';
import { createWithdrawal } from './create-withdrawal.ts';
import { getTransaction } from './get-transaction.ts';
import { listPending } from './list-pending.ts';

const environment = readEnvironment(['LEDGER_TABLE', 'PLATFORM_TABLE', 'LINES_QUEUE_URL']);
const instruments = createInstruments();
const { logger } = instruments;
const flags = flagsOfEnvironment(logger);
const wakeLine = lineWaker({ queueUrl: environment.LINES_QUEUE_URL, logger });
const ledger = new Ledger({ table: environment.LEDGER_TABLE, wakeLine });
const platform = openPlatformTable({ table: environment.PLATFORM_TABLE });
const acts = new AuditLog(platform);

export const handler = serveArea(
  transactionRoutes,
  {
    createDeposit: createDeposit(ledger),
    createWithdrawal: createWithdrawal(ledger),
    createTopUp: createTopUp(ledger),
    createBonus: createBonus(ledger),
    createSpend: createSpend(ledger),
    createTransfer: createTransfer(ledger),
    createTransaction: createTransaction(ledger),
    createReversal: createReversal(ledger, acts),
    createBatch: createBatch(ledger),
    getTransaction: getTransaction(ledger),
    listPending: listPending(ledger),
  },
  { access: accessOfEnvironment(logger, { platform }), owners: ledger.owners, instruments, flags },
);
