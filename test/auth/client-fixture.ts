import { AuditLog } from '../../lib/audit/index.ts';
import { type NewApiKey, newApiKey } from '../../lib/auth/api-key.ts';
import type { AppliedKey } from '../../lib/dynamodb/index.ts';
import type { TenantId } from '../../lib/ledger/index.ts';
import type { ApiClient } from '../../lib/platform/client.ts';
import { keptOf } from '../../lib/platform/client-changes.ts';
import { clientIdOf } from '../../lib/platform/client-id.ts';
import { type ClientDeed, ClientStore } from '../../lib/platform/client-store.ts';
import type { PlatformTable } from '../../lib/platform/platform-table.ts';

export const tenant = 'acme' as TenantId;
export const actor = { tenant, client: 'deployment', address: '192.0.2.7' };

/** The clients of a table, their acts in its audit log. */
export function storeOf(platform: PlatformTable): ClientStore {
  return new ClientStore(platform, new AuditLog(platform));
}

let deeds = 0;

/** A deed under a key of its own. */
export function newDeed(): ClientDeed {
  return { keyApplied: newKey(), by: { actor, correlationId: `c-${deeds}` } };
}

export function newKey(): AppliedKey {
  return { mark: `client deed ${++deeds}`, requestHash: 'same' };
}

/** A client that is not stored yet, with the one key that it has. */
export function newClient(
  { keyApplied }: ClientDeed,
  terms: Partial<ApiClient> = {},
): { client: ApiClient; key: NewApiKey } {
  const key = newApiKey('test');
  const createdAt = Date.now();
  const client = {
    tenant,
    id: clientIdOf(tenant, keyApplied.mark),
    name: 'Billing',
    roles: ['writer'],
    scopes: [],
    keys: [keptOf(key, createdAt)],
    createdAt,
    version: 1,
    ...terms,
  } as const;
  return { client, key };
}

/** Makes a client. */
export async function made(store: ClientStore, terms?: Partial<ApiClient>) {
  const deed = newDeed();
  const { client, key } = newClient(deed, terms);
  return { client: await store.create(client, deed), key, deed };
}
