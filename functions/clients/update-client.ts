import { requireAllOf, requireNotRevoked } from '../../lib/http/client-grants.ts';
import { representationOf } from '../../lib/http/client-representations.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import { patchedClient } from '../../lib/platform/client-changes.ts';
import type { ClientStore } from '../../lib/platform/client-store.ts';
import { clientMeant } from './client-requests.ts';

export function updateClient(clients: ClientStore, once: Once): Operation<'updateClient'> {
  return async (request) => {
    const { body, caller, by, path: _, query: __, ...invocation } = request;
    const meant = clientMeant(request);
    const patch = {
      ...body,
      ...(body.roles && { roles: [...new Set(body.roles)] }),
      ...(body.scopes && { scopes: [...new Set(body.scopes)] }),
    };
    return once({
      ...invocation,
      tenant: caller.tenant,
      request: { ...meant, patch },
      change: async (keyApplied) => {
        const changed = await clients.change(meant, 'client.updated', { keyApplied, by }, (client) => {
          const after = patchedClient(client, patch);
          requireAllOf(caller, client, after);
          requireNotRevoked(client);
          return after;
        });
        return json(200, representationOf(changed, Date.now(), await clients.lastUsesToShow(changed)));
      },
    });
  };
}
