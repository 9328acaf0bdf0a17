import { json, type Operation } from '../../lib/http/index.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import type { MonitorStore } from '../../lib/platform/monitor-store.ts';

export function deleteMonitor(monitors: MonitorStore, once: Once): Operation<'deleteMonitor'> {
  return ({ path: { accountId: account, monitorId: id }, caller: { tenant }, log, ...invocation }) => {
    log({ accounts: [account] });
    return once({
      ...invocation,
      tenant,
      request: { account, id },
      change: async (keyApplied) => {
        await monitors.delete({ tenant, account, id, keyApplied });
        return json(200, { id, status: 'deleted' });
      },
    });
  };
}
