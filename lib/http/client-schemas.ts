import * as z from 'zod';
import { roleNames, type Scope, scopeNames } from '../auth/scopes.ts';
import { parseTenantId, type TenantId } from '../ledger/index.ts';
import { maxTenantIdLength } from '../ledger/limits.ts';
import { clientStatuses } from '../platform/client.ts';
import { type ClientId, clientIdPattern } from '../platform/client-id.ts';
import {
  defaultKeyOverlapSeconds,
  maxBurst,
  maxClientNameBytes,
  maxKeyOverlapSeconds,
  maxRequestsPerSecond,
  maxRevocationReasonBytes,
  maxSubjectBytes,
} from '../platform/client-limits.ts';
import { boundedText, checkedAs, instant, instantText, nextCursor, versionText } from './fields.ts';
import { listQuery } from './requests.ts';

/** What clients send and are answered about API clients and their keys. */

const clientId = checkedAs<ClientId>(
  z.string().regex(clientIdPattern, 'the id of an API client as it was answered').meta({
    id: 'ClientId',
    description: 'Follows from the tenant and the idempotency key that made it.',
    example: 'cli_i3y5g2fjk7w3cdlqv4xw7hh7p3',
  }),
);

const tenant = z
  .string()
  .refine(
    (text) => parseTenantId(text) !== undefined,
    `a tenant: 1 to ${maxTenantIdLength} letters, digits, "_" and "-"`,
  )
  .transform((text) => text as TenantId)
  .meta({
    description: "Another tenant than the credentials' own; for credentials with `admin:platform`, only.",
    example: 'acme',
  });

export const clientPath = z.strictObject({ clientId });
export const clientQuery = z.strictObject({ tenant: tenant.optional() });
export const clientsQuery = z.strictObject({ tenant: tenant.optional(), ...listQuery.shape });

const roleList = z
  .array(z.enum(roleNames, `one of ${roleNames.join(', ')}`))
  .max(roleNames.length, `at most ${roleNames.length} roles`)
  .meta({ description: 'Named sets of scopes.', example: ['writer'] });

const scope = z.enum(scopeNames as [Scope, ...Scope[]], `one of ${scopeNames.join(', ')}`).meta({ id: 'Scope' });

const scopeList = z
  .array(scope)
  .max(scopeNames.length, `at most ${scopeNames.length} scopes`)
  .meta({ description: 'Scopes beyond those of the roles.', example: ['webhooks:read'] });

const nameFault = 'a name of at least one character';
const name = boundedText(maxClientNameBytes)
  .min(1, nameFault)
  .meta({ description: 'For people; any number of clients may have it.', example: 'Billing' });

const subject = boundedText(maxSubjectBytes).min(1, 'a subject of at least one character').meta({
  description:
    'With accounts of this owner the client may do what owners may, beyond what its roles and scopes allow with all accounts. For ever.',
  example: 'user-4711',
});

const wholeNumber = (most: number) => {
  const fault = `a whole number from 1 to ${most}`;
  return z.int(fault).min(1, fault).max(most, fault);
};

const rate = z
  .strictObject({
    requestsPerSecond: wholeNumber(maxRequestsPerSecond).meta({ description: 'For long.', example: 50 }),
    burst: wholeNumber(maxBurst).meta({ description: 'At once after a pause.', example: 100 }),
  })
  .meta({ id: 'RatePolicy', description: 'How many requests it may make; the usual number where nothing is said.' });

export const createClientBody = z
  .strictObject({
    name,
    roles: roleList.optional(),
    scopes: scopeList.optional(),
    subject: subject.optional(),
    rate: rate.optional(),
    expiresAt: instant.optional().meta({ description: 'When all its keys end; without it they do not.' }),
    tenant: tenant.optional(),
  })
  .meta({ id: 'CreateClient' });

export const updateClientBody = z
  .strictObject({
    name: name.optional(),
    roles: roleList.optional().meta({ description: 'All of them, in place of those before.' }),
    scopes: scopeList.optional().meta({ description: 'All of them, in place of those before.' }),
    rate: rate.nullable().optional().meta({ description: 'null goes back to the usual one.' }),
    expiresAt: instant.nullable().optional().meta({ description: 'null: its keys do not end.' }),
  })
  .meta({ id: 'UpdateClient' });

const overlapFault = `a whole number of seconds from 0 to ${maxKeyOverlapSeconds}`;

export const rotateKeyBody = z
  .strictObject({
    overlapSeconds: z
      .int(overlapFault)
      .min(0, overlapFault)
      .max(maxKeyOverlapSeconds, overlapFault)
      .optional()
      .meta({
        description: `How long the keys before are valid beside the new one; ${defaultKeyOverlapSeconds}, a day, by default. 0 ends them at once.`,
      }),
  })
  .meta({ id: 'RotateKey' });

export const revokeBody = z
  .strictObject({
    reason: boundedText(maxRevocationReasonBytes)
      .min(1, 'a reason of at least one character')
      .optional()
      .meta({ description: 'Why; kept in the audit log, too.' }),
  })
  .meta({ id: 'RevokeClient' });

const clientFields = {
  id: clientId,
  tenant: z.string(),
  name: z.string(),
  status: z.enum(clientStatuses).meta({
    description: '`active`; `expired`: its keys have ended with it, until that is changed; `revoked`: for ever.',
  }),
  roles: z.array(z.enum(roleNames)),
  scopes: z.array(scope),
  subject: z.string().optional(),
  rate: rate.optional().meta({ description: 'Absent where it is the usual one.' }),
  expiresAt: instantText.optional(),
  keys: z
    .array(
      z.strictObject({
        prefix: z.string().meta({ description: 'What the key begins with.', example: 'flk_prod_h7Kq2x' }),
        createdAt: instantText,
        expiresAt: instantText.optional().meta({ description: 'When it ends, since a newer one has taken its place.' }),
        lastUsedAt: instantText.optional().meta({
          description:
            'To the hour; absent where it never was, and in the answer to a change also where that could not be read.',
        }),
      }),
    )
    .meta({ description: 'Its keys, the newest first; not what they are.' }),
  revokedAt: instantText.optional(),
  revokedFor: z.string().optional().meta({ description: 'Why it was revoked.' }),
  createdAt: instantText,
  version: versionText.meta({ description: 'Counts its changes.' }),
};

export const clientAnswer = z.strictObject(clientFields).meta({ id: 'ApiClient' });

export const clientWithKey = z
  .strictObject({
    ...clientFields,
    key: z.string().optional().meta({
      description: 'The new key. Told this once, and by no repetition of the request: keep it.',
      example: 'flk_prod_h7Kq2xRw0N5bYc8mTz4VfA1sJd03aE7X',
    }),
    keyNote: z.string().optional().meta({ description: 'Where there is no key: why not, and how to get one.' }),
  })
  .meta({ id: 'ApiClientWithKey' });

export const clientPage = z.strictObject({ data: z.array(clientAnswer), nextCursor }).meta({ id: 'ApiClientPage' });
