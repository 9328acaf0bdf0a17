import type { TenantId } from '../ledger/index.ts';

/** Who makes a request, as the credentials say. */
export interface Caller {
  readonly tenant: TenantId;
  /** A name for logs; never the credentials. */
  readonly client: string;
  /** Whether the credentials allow a scope. */
  allows(scope: string): boolean;
}
