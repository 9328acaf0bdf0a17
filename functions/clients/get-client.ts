import { representationOf } from '../../lib/http/client-representations.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import type { ClientStore } from '../../lib/platform/client-store.ts';
import { clientMeant } from './client-requests.ts';

export function getClient(clients: ClientStore): Operation<'getClient'> {
  return async (request) => {
    const { tenant, id } = clientMeant(request);
    const client = await clients.get(tenant, id);
    return json(200, representationOf(client, Date.now(), await clients.lastUses([client])));
  };
}
