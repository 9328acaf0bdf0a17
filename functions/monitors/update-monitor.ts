import { json, type Operation, weakETag } from '../../lib/http/index.ts';
import { monitorOf, thresholdText } from '../../lib/http/monitor-representations.ts';
import { thresholdIn } from '../../lib/http/monitor-schemas.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import type { MonitorStore } from '../../lib/platform/monitor-store.ts';

export function updateMonitor(monitors: MonitorStore, once: Once): Operation<'updateMonitor'> {
  return ({ path: { accountId: account, monitorId: id }, body, caller: { tenant }, log, ...invocation }) => {
    const { description } = body;
    const threshold = thresholdIn(body);
    log({ accounts: [account] });
    return once({
      ...invocation,
      tenant,
      // An absent field differs from null, which takes it away, so only what is there is part of the request.
      request: {
        account,
        id,
        ...(threshold && thresholdText(threshold)),
        ...(description !== undefined && { description }),
      },
      change: async (keyApplied) => {
        const monitor = await monitors.change({ tenant, account, id, keyApplied }, { threshold, description });
        return json(200, monitorOf(monitor), { etag: weakETag(monitor.version) });
      },
    });
  };
}
