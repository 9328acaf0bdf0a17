import { accessOfEnvironment } from '../../lib/auth/index.ts';
import { readEnvironment } from '../../lib/config/environment.ts';
import { flagsOfEnvironment } from '../../lib/config/flags-parameter.ts';
import { Ledger } from '../../lib/dynamodb/index.ts';
import { holdRoutes } from '../../lib/http/hold-routes.ts';
import { serveArea } from '../../lib/http/index.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { lineWaker } from '../../lib/sqs/index.ts';
import { captureHold } from './capture-hold.ts';
import { createHold } from './create-hold.ts';
import { getHold } from './get-hold.ts';
import { voidHold } from './void-hold.ts';

const environment = readEnvironment(['LEDGER_TABLE', 'LINES_QUEUE_URL']);
const instruments = createInstruments();
const { logger } = instruments;
const flags = flagsOfEnvironment(logger);
const wakeLine = lineWaker({ queueUrl: environment.LINES_QUEUE_URL, logger });
const ledger = new Ledger({ table: environment.LEDGER_TABLE, wakeLine });

export const handler = serveArea(
  holdRoutes,
  {
    createHold: createHold(ledger),
    captureHold: captureHold(ledger),
    voidHold: voidHold(ledger),
    getHold: getHold(ledger),
  },
  { access: accessOfEnvironment(logger), owners: ledger.owners, instruments, flags },
);
