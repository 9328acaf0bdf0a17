import { json, type Operation } from '../../lib/http/index.ts';
import { monitorLocation, monitorOf, thresholdText } from '../../lib/http/monitor-representations.ts';
import { thresholdOf } from '../../lib/http/monitor-schemas.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import type { MonitorStore } from '../../lib/platform/monitor-store.ts';

export function createMonitor(monitors: MonitorStore, once: Once): Operation<'createMonitor'> {
  return ({ path: { accountId: account }, body, caller: { tenant }, log, ...invocation }) => {
    const { asset, description } = body;
    const threshold = thresholdOf(body);
    log({ accounts: [account], asset });
    return once({
      ...invocation,
      tenant,
      request: { account, asset, ...thresholdText(threshold), description: description ?? null },
      change: async (keyApplied) => {
        const monitor = await monitors.create({ tenant, account, asset, threshold, description, keyApplied });
        return json(201, monitorOf(monitor), { location: monitorLocation(account, monitor.id) });
      },
    });
  };
}
