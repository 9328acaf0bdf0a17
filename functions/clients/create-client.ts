import { type NewApiKey, newApiKey } from '../../lib/auth/api-key.ts';
import { requireAllOf, tenantMeant } from '../../lib/http/client-grants.ts';
import { clientLocation, representationOf } from '../../lib/http/client-representations.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import { keptOf } from '../../lib/platform/client-changes.ts';
import { clientIdOf } from '../../lib/platform/client-id.ts';
import type { ClientStore } from '../../lib/platform/client-store.ts';
import { keyNote, type Shown } from './shown-key.ts';

const neverUsed = new Map<string, number>();

/** @param keyLabel what new keys have behind `flk_` */
export function createClient(clients: ClientStore, keyLabel: string, once: Once): Operation<'createClient'> {
  return async ({ body, caller, by, ...invocation }) => {
    const tenant = tenantMeant(caller, body.tenant);
    const terms = {
      name: body.name,
      roles: [...new Set(body.roles)],
      scopes: [...new Set(body.scopes)],
      ...(body.subject !== undefined && { subject: body.subject }),
      ...(body.rate && { rate: body.rate }),
      ...(body.expiresAt !== undefined && { expiresAt: body.expiresAt }),
    };
    requireAllOf(caller, terms);
    const key: NewApiKey = newApiKey(keyLabel);
    let shown: Shown;
    const answer = await once({
      ...invocation,
      tenant: caller.tenant,
      request: { tenant, ...terms },
      change: async (keyApplied) => {
        const now = Date.now();
        const id = clientIdOf(tenant, keyApplied.mark);
        const keys = [keptOf(key, now)];
        const made = await clients.create(
          { tenant, id, ...terms, keys, createdAt: now, version: 1 },
          { keyApplied, by },
        );
        const representation = representationOf(made, now, neverUsed);
        const location = clientLocation(made, caller.tenant);
        if (made.keys[0]?.sha256 === key.sha256) shown = json(201, { ...representation, key: key.key }, { location });
        return json(201, { ...representation, keyNote }, { location });
      },
    });
    return shown ?? answer;
  };
}
