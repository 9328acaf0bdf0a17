import { newApiKey } from '../../lib/auth/api-key.ts';
import { requireAllOf, requireNotRevoked } from '../../lib/http/client-grants.ts';
import { representationOf } from '../../lib/http/client-representations.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import { rotatedClient } from '../../lib/platform/client-changes.ts';
import { defaultKeyOverlapSeconds } from '../../lib/platform/client-limits.ts';
import type { ClientStore } from '../../lib/platform/client-store.ts';
import { clientMeant } from './client-requests.ts';
import { keyNote, type Shown } from './shown-key.ts';

/** @param keyLabel what new keys have behind `flk_` */
export function rotateClientKey(clients: ClientStore, keyLabel: string, once: Once): Operation<'rotateClientKey'> {
  return async (request) => {
    const { body, caller, by, path: _, query: __, ...invocation } = request;
    const meant = clientMeant(request);
    const { overlapSeconds = defaultKeyOverlapSeconds } = body;
    const key = newApiKey(keyLabel);
    let shown: Shown;
    const answer = await once({
      ...invocation,
      tenant: caller.tenant,
      request: { ...meant, overlapSeconds },
      change: async (keyApplied) => {
        const rotated = await clients.change(meant, 'client.key_rotated', { keyApplied, by }, (client) => {
          requireAllOf(caller, client);
          requireNotRevoked(client);
          return rotatedClient(client, key, overlapSeconds, Date.now());
        });
        const representation = representationOf(rotated, Date.now(), await clients.lastUsesToShow(rotated));
        if (rotated.keys[0]?.sha256 === key.sha256) shown = json(200, { ...representation, key: key.key });
        return json(200, { ...representation, keyNote });
      },
    });
    return shown ?? answer;
  };
}
