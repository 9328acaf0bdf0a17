import { representationOf } from '../../lib/http/client-representations.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import { revokedClient } from '../../lib/platform/client-changes.ts';
import type { ClientStore } from '../../lib/platform/client-store.ts';
import { clientMeant } from './client-requests.ts';

/** It asks for no more than its scope, whatever the client may do: to take away gives nobody anything, and a key that has leaked cannot wait. */
export function revokeClient(clients: ClientStore, once: Once): Operation<'revokeClient'> {
  return async (request) => {
    const { body, caller, by, path: _, query: __, ...invocation } = request;
    const meant = clientMeant(request);
    const { reason } = body;
    return once({
      ...invocation,
      tenant: caller.tenant,
      request: { ...meant, reason: reason ?? null },
      change: async (keyApplied) => {
        const revoked = await clients.change(meant, 'client.revoked', { keyApplied, by, reason }, (client) =>
          revokedClient(client, reason, Date.now()),
        );
        return json(200, representationOf(revoked, Date.now(), await clients.lastUsesToShow(revoked)));
      },
    });
  };
}
