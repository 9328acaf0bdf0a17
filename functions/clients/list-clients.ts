import * as z from 'zod';
import { tenantMeant } from '../../lib/http/client-grants.ts';
import { representationOf } from '../../lib/http/client-representations.ts';
import { decodeCursor, encodeCursor } from '../../lib/http/cursor.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import { clientIdPattern } from '../../lib/platform/client-id.ts';
import type { ClientStore } from '../../lib/platform/client-store.ts';

/** The one that the page before ended with. */
const position = z.string().regex(clientIdPattern);

export function listClients(clients: ClientStore): Operation<'listClients'> {
  return async ({ query: { limit, cursor, tenant: named }, caller }) => {
    const tenant = tenantMeant(caller, named);
    const binding = { operation: 'listClients', tenant };
    const after = cursor === undefined ? undefined : decodeCursor(cursor, binding, position);
    const page = await clients.page(tenant, { limit, after });
    const lastUses = await clients.lastUses(page.clients);
    const now = Date.now();
    return json(200, {
      data: page.clients.map((client) => representationOf(client, now, lastUses)),
      ...(page.next !== undefined && { nextCursor: encodeCursor(binding, page.next) }),
    });
  };
}
