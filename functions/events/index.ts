import { accessOfEnvironment } from '../../lib/auth/index.ts';
import { readEnvironment } from '../../lib/config/environment.ts';
import { Journal } from '../../lib/events/index.ts';
import { eventRoutes } from '../../lib/http/event-routes.ts';
import { serveArea } from '../../lib/http/index.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { getBlock } from './get-block.ts';
import { listEvents } from './list-events.ts';

const environment = readEnvironment(['LEDGER_TABLE']);
const instruments = createInstruments();
const journal = new Journal({ table: environment.LEDGER_TABLE });

export const handler = serveArea(
  eventRoutes,
  { listEvents: listEvents(journal.feed), getBlock: getBlock(journal.blocks) },
  { access: accessOfEnvironment(instruments.logger), instruments },
);
