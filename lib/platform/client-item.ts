import * as z from 'zod';
import { type AppliedKey, count, parseRow, type Row } from '../dynamodb/items/items.ts';
import { termsRow } from './api-key-item.ts';
import type { ApiClient } from './client.ts';
import type { ClientId } from './client-id.ts';
import { clientKey, tenantOfClients } from './keys.ts';

const clientRow = z.object({
  PK: z.string(),
  SK: z.string().transform((text) => text as ClientId),
  name: z.string(),
  ...termsRow,
  keys: z.array(z.object({ sha256: z.string(), prefix: z.string(), createdAt: count, expiresAt: count.optional() })),
  createdAt: count,
  revokedAt: count.optional(),
  revokedFor: z.string().optional(),
  version: count,
  reservedUntil: count.optional(),
  keysApplied: z.array(z.object({ mark: z.string(), requestHash: z.string() })),
});

/** A client as it is stored: with the last idempotency keys applied to it. */
export interface StoredClient extends ApiClient {
  readonly keysApplied: readonly AppliedKey[];
  /** Until when nobody changes it but who revokes it, in milliseconds since 1970; each change takes it away. */
  readonly reservedUntil?: number;
}

/** The row of a client. */
export function clientItem({ tenant, id, ...content }: StoredClient): Row {
  return { ...clientKey(tenant, id), ...content };
}

/** @throws InvariantViolation for a damaged row */
export function parseClient(row: Row): StoredClient {
  const { PK, SK, ...content } = parseRow(clientRow, row);
  return { tenant: tenantOfClients(PK), id: SK, ...content } as StoredClient;
}

/** The client without what only its storage needs. */
export function clientOf({ keysApplied: _, reservedUntil: __, ...client }: StoredClient): ApiClient {
  return client;
}
