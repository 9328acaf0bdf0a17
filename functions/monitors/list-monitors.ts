import type { Ledger } from '../../lib/dynamodb/index.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import { monitorOf } from '../../lib/http/monitor-representations.ts';
import type { MonitorStore } from '../../lib/platform/monitor-store.ts';

export function listMonitors(
  monitors: MonitorStore,
  { accounts }: Pick<Ledger, 'accounts'>,
): Operation<'listMonitors'> {
  return async ({ path: { accountId }, caller: { tenant }, log }) => {
    log({ accounts: [accountId] });
    const found = await monitors.all(tenant, accountId);
    // Where there is none, there may be no account either.
    if (found.length === 0) await accounts.get(tenant, accountId);
    return json(200, { data: found.map(monitorOf) });
  };
}
