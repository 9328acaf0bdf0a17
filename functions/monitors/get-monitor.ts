import { json, type Operation, weakETag } from '../../lib/http/index.ts';
import { monitorOf } from '../../lib/http/monitor-representations.ts';
import type { MonitorStore } from '../../lib/platform/monitor-store.ts';

export function getMonitor(monitors: MonitorStore): Operation<'getMonitor'> {
  return async ({ path: { accountId, monitorId }, caller: { tenant }, log }) => {
    log({ accounts: [accountId] });
    const monitor = await monitors.get(tenant, accountId, monitorId);
    return json(200, monitorOf(monitor), { etag: weakETag(monitor.version) });
  };
}
