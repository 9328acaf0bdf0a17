import { base32, digestOf, type TenantId } from '../ledger/index.ts';

declare const clientId: unique symbol;

/** `cli_` and 26 characters that follow from the tenant and the idempotency key that made it. */
export type ClientId = string & { readonly [clientId]: true };

export const clientIdPattern = /^cli_[a-z2-7]{26}$/;

const markCharacters = 26;

/** The id of the client that a key makes: a retry meets the same one. */
export function clientIdOf(tenant: TenantId, keyMark: string): ClientId {
  const mark = base32(Buffer.from(digestOf(['client', tenant, keyMark]), 'hex'));
  return `cli_${mark.slice(0, markCharacters)}` as ClientId;
}
