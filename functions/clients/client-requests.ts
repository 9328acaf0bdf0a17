import type { Caller } from '../../lib/auth/index.ts';
import { tenantMeant } from '../../lib/http/client-grants.ts';
import type { TenantId } from '../../lib/ledger/index.ts';
import type { ApiClient } from '../../lib/platform/client.ts';
import type { ClientId } from '../../lib/platform/client-id.ts';

interface ClientRequest {
  readonly path: { readonly clientId: ClientId };
  readonly query: { readonly tenant?: TenantId | undefined };
  readonly caller: Caller;
}

/** Which client a request is about. @throws HttpProblem `forbidden` */
export function clientMeant({ path, query, caller }: ClientRequest): Pick<ApiClient, 'tenant' | 'id'> {
  return { tenant: tenantMeant(caller, query.tenant), id: path.clientId };
}
