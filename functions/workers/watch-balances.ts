import { readEnvironment } from '../../lib/config/environment.ts';
import { flagsOfEnvironment } from '../../lib/config/flags-parameter.ts';
import { Ledger } from '../../lib/dynamodb/index.ts';
import { eventEnvelope } from '../../lib/events/envelope.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { BalanceWatch } from '../../lib/platform/balance-watch.ts';
import { StoredFailureNotes } from '../../lib/platform/failure-notes.ts';
import { MonitorStore } from '../../lib/platform/monitor-store.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { allTouched } from '../../lib/platform/touched-balances.ts';
import { serveQueue } from '../../lib/sqs/index.ts';

const environment = readEnvironment(['LEDGER_TABLE', 'PLATFORM_TABLE']);
const instruments = createInstruments();
const { balances } = new Ledger({ table: environment.LEDGER_TABLE });
const platform = openPlatformTable({ table: environment.PLATFORM_TABLE });
const tables = { platform, ledgerTable: environment.LEDGER_TABLE };
const watch = new BalanceWatch({ ...tables, balances, monitors: new MonitorStore({ ...tables, balances }) });

/**
 * Looks at the balances that events touched, each once for all events that came together, and tells their monitors. An
 * event that comes again leads to another look, which finds nothing new.
 */
export const handler = serveQueue({
  name: 'balance events',
  message: eventEnvelope,
  instruments,
  flags: flagsOfEnvironment(instruments.logger),
  notes: new StoredFailureNotes(platform),
  async handle(messages, work) {
    const [first] = messages;
    if (!first) return;
    // A group is one tenant.
    const { tenant } = first.body;
    const touched = allTouched(messages.map(({ body }) => body));
    let balanceCrossings = 0;
    for (const [account, assets] of touched) {
      balanceCrossings += await watch.look(tenant, account, assets, first.cause);
    }
    work.measure({ balanceCrossings });
  },
});
