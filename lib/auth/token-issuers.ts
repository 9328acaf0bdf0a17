import * as z from 'zod';
import { parseTenantId } from '../ledger/index.ts';
import { maxBurst, maxRequestsPerSecond } from '../platform/client-limits.ts';
import { roleNames } from './scopes.ts';
import { defaultTokenLifetimeSeconds, maxIssuersLength } from './token-limits.ts';

/**
 * The algorithms that an issuer may be allowed, all of them with a key to verify that cannot sign. With a shared secret, whoever
 * can check a token could make one.
 */
export const tokenAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

const name = z.string().min(1).max(256);

const tenant = z.string().refine((text) => parseTenantId(text) !== undefined, 'is no name of a tenant');

const keySetAddress = z.string().refine(isSafe, 'must be https, or http to this very machine');

const issuer = z
  .strictObject({
    name: z.string().regex(/^[a-z][a-z0-9-]{0,15}$/, 'must be 1 to 16 lower-case letters, digits and hyphens'),
    issuer: name,
    jwksUri: keySetAddress,
    audience: z.strictObject({
      claim: z.enum(['aud', 'client_id']).default('aud'),
      values: z.array(name).min(1),
    }),
    algorithms: z.array(z.enum(tokenAlgorithms)).min(1).default(['RS256']),
    tenant: tenant.optional(),
    tenantClaim: name.optional(),
    tenants: z.array(tenant).min(1).optional(),
    rolesClaim: name.optional(),
    roleNames: z.record(z.string(), z.enum(roleNames)).optional(),
    scopeClaim: name.nullable().default('scope'),
    scopePrefix: z.string().max(128).default(''),
    subjectClaim: name.default('sub'),
    subjectPrefix: z.string().max(64).default(''),
    requiredClaims: z.record(z.string(), z.union([z.string(), z.boolean()])).default({}),
    maxLifetimeSeconds: z.int().min(60).max(2_592_000).default(defaultTokenLifetimeSeconds),
    rate: z
      .strictObject({
        requestsPerSecond: z.int().min(1).max(maxRequestsPerSecond),
        burst: z.int().min(1).max(maxBurst),
      })
      .optional(),
  })
  .refine((one) => (one.tenant === undefined) !== (one.tenantClaim === undefined), {
    error: 'needs either tenant or tenantClaim',
  })
  .refine((one) => one.tenants === undefined || one.tenantClaim !== undefined, {
    error: 'goes with tenantClaim only',
    path: ['tenants'],
  })
  .refine((one) => one.roleNames === undefined || one.rolesClaim !== undefined, {
    error: 'goes with rolesClaim only',
    path: ['roleNames'],
  });

/** Whom tokens are taken from, and how their claims are read. The reference page explains each field. */
export type TokenIssuer = z.output<typeof issuer>;

const issuers = z.array(issuer).superRefine((all, context) => {
  all.forEach((one, index) => {
    for (const other of all.slice(0, index)) {
      const fault = clashOf(one, other);
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault, path: [index] });
    }
  });
});

/**
 * Two issuers that call their subjects alike could each speak for the other's: one would own the accounts of the other's people. So no
 * prefix may be the beginning of another either, or a subject that begins with the rest of it would do the same.
 */
function clashOf(one: TokenIssuer, other: TokenIssuer): string | undefined {
  if (one.name === other.name) return `has the name of another: ${one.name}`;
  if (one.issuer === other.issuer) return `is an issuer that is there already: ${one.issuer}`;
  const isClear =
    !one.subjectPrefix.startsWith(other.subjectPrefix) && !other.subjectPrefix.startsWith(one.subjectPrefix);
  return isClear ? undefined : 'needs a subjectPrefix that is not the beginning of another, nor begins with another';
}

function isSafe(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || (protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname));
}

/**
 * Reads the configuration of all issuers, as JSON.
 *
 * @throws Error that names every fault and no value but names of issuers
 */
export function parseTokenIssuers(text: string): readonly TokenIssuer[] {
  if (text.length > maxIssuersLength) throw new Error(`Token issuers: longer than ${maxIssuersLength} characters`);
  const parsed = issuers.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`);
  throw new Error(`Token issuers: ${faults.join('; ')}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error('Token issuers: not JSON', { cause: error });
  }
}
