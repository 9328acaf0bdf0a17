import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import type { Credentials } from '../auth/caller.ts';
import { isScope, roleNames, type Scope } from '../auth/scopes.ts';
import { count, type Row } from '../dynamodb/items/items.ts';
import { InvariantViolation, type TenantId } from '../ledger/index.ts';
import type { ApiClient, ClientKey } from './client.ts';
import { apiKeyKey, sha256OfApiKey } from './keys.ts';

export const ratePolicy = z.object({ requestsPerSecond: count, burst: count });

/** What a client may do, as its own row and those of its keys have it. */
export const termsRow = {
  roles: z.array(z.enum(roleNames)),
  /**
   * One that is not known is of a later release, which runs beside this one for a while, or has run. It stays where it is, so that no change takes it away
   * unseen; and since nobody has it here, nobody gets a key with it.
   */
  scopes: z.array(z.string()).transform((names) => names as Scope[]),
  subject: z.string().optional(),
  rate: ratePolicy.optional(),
  expiresAt: count.optional(),
};

const apiKeyRow = z.object({
  tenant: z.string().transform((text) => text as TenantId),
  client: z.string(),
  ...termsRow,
  revokedAt: count.optional(),
  createdAt: count,
});

/** A key with all that the access check needs to know, so that it reads one item. */
export interface StoredApiKey extends Credentials {
  readonly createdAt: number;
  /** When it ends: by itself or with its client, whichever comes first. Milliseconds since 1970, as all times here. */
  readonly expiresAt?: number;
  readonly revokedAt?: number;
  /** To the hour. */
  readonly lastUsedAt?: number;
}

/** What of a key's row follows from its client, and changes with it. */
export function apiKeyTerms(
  { roles, scopes, subject, rate, expiresAt, revokedAt }: ApiClient,
  key: Pick<ClientKey, 'expiresAt'>,
) {
  const ends = Math.min(expiresAt ?? Number.POSITIVE_INFINITY, key.expiresAt ?? Number.POSITIVE_INFINITY);
  return { roles, scopes, subject, rate, expiresAt: Number.isFinite(ends) ? ends : undefined, revokedAt };
}

/** Whether the row of a key says what its client does; one that is damaged does not. */
export function saysTermsOf(row: Row, client: ApiClient, key: ClientKey): boolean {
  const parsed = apiKeyRow.safeParse(row);
  if (!parsed.success) return false;
  const { tenant: _, client: __, createdAt: ___, ...terms } = parsed.data;
  return isDeepStrictEqual(present(terms), present(apiKeyTerms(client, key)));
}

/** The members that are there. */
function present(terms: object): object {
  return Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== undefined));
}

export function apiKeyItem(client: ApiClient, key: ClientKey): Row {
  const { tenant, id } = client;
  return { ...apiKeyKey(key.sha256), tenant, client: id, ...apiKeyTerms(client, key), createdAt: key.createdAt };
}

const keyUseRow = z.object({ PK: z.string(), SK: z.literal('USE'), lastUsedAt: count });

/** Which key was used, and when last; nothing where the row is damaged, since it is for people and must keep nobody out. */
export function parseKeyUse(row: Row): { readonly sha256: string; readonly lastUsedAt: number } | undefined {
  const { data } = keyUseRow.safeParse(row);
  return data && { sha256: sha256OfApiKey(data.PK), lastUsedAt: data.lastUsedAt };
}

/**
 * A key from all that lies in its partition, with the scopes that are known here; nothing where there is no key, whoever has used it.
 *
 * @throws InvariantViolation for a damaged row; it does not name the row, whose key is the digest of somebody's credentials
 */
export function parseApiKey(rows: readonly Row[]): StoredApiKey | undefined {
  const row = rows.find(({ SK }) => SK === 'KEY');
  if (!row) return undefined;
  const parsed = apiKeyRow.safeParse(row);
  if (!parsed.success) throw new InvariantViolation(`damaged API key: ${z.prettifyError(parsed.error)}`);
  const [use] = rows.flatMap((each) => parseKeyUse(each) ?? []);
  const scopes = parsed.data.scopes.filter(isScope);
  return { ...parsed.data, scopes, ...(use && { lastUsedAt: use.lastUsedAt }) } as StoredApiKey;
}

/** Whether a key lets anybody in at an instant. */
export function isKeyValidAt({ revokedAt, expiresAt }: StoredApiKey, now: number): boolean {
  return revokedAt === undefined && (expiresAt === undefined || now < expiresAt);
}
