import type { IncomingMessage, ServerResponse } from 'node:http';
import { SignJWT } from 'jose';
import * as z from 'zod';
import { presentedCredential } from '../../lib/auth/credentials.ts';
import { isScope, roleNames, type Scope } from '../../lib/auth/scopes.ts';
import { staticKey } from '../../lib/auth/static-key.ts';
import { defaultTokenLifetimeSeconds } from '../../lib/auth/token-limits.ts';
import { maxOwnerLength, parseTenantId } from '../../lib/ledger/index.ts';
import { keyDigest } from '../api-key.ts';
import type { IssuerKey } from './issuer-key.ts';
import { readBody } from './request-body.ts';

export interface TokenSource {
  readonly issuer: string;
  readonly audience: string;
  readonly key: IssuerKey;
  /** The development key, without which nobody gets a token: it is in a file that only its owner reads, and a port is for all. */
  readonly apiKey: string;
}

const usualLifetimeSeconds = 3_600;

const tokenRequest = z.strictObject({
  tenant: z
    .string()
    .refine((text) => parseTenantId(text) !== undefined, 'is no name of a tenant')
    .default('default'),
  subject: z.string().min(1).max(maxOwnerLength).optional(),
  roles: z.array(z.enum(roleNames)).default([]),
  scopes: z
    .array(
      z.string().refine((name): name is Scope => isScope(name) && name !== 'admin:platform', 'is no scope of a token'),
    )
    .default([]),
  expiresInSeconds: z.int().min(1).max(defaultTokenLifetimeSeconds).default(usualLifetimeSeconds),
});

type TokenRequest = z.output<typeof tokenRequest>;

/**
 * Answers a request for a token: a JSON object of the fields above, none of which is needed. The answers are those of an OAuth 2
 * token endpoint. Source: RFC 6749, sections 5.1 and 5.2.
 */
export async function answerTokenRequest(
  source: TokenSource,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  if (incoming.method !== 'POST') {
    incoming.resume();
    outgoing.writeHead(405, { allow: 'POST', 'content-length': '0' }).end();
    return;
  }
  const body = await readBody(incoming, false);
  if (!(await isAllowed(source.apiKey, incoming))) {
    refuse(outgoing, 401, 'invalid_client', 'the development key is needed, as for the API');
    return;
  }
  const wanted = tokenRequest.safeParse(jsonOf(body));
  if (!wanted.success) {
    const faults = wanted.error.issues.map(({ path, message }) => `${path.join('.') || 'the body'}: ${message}`);
    refuse(outgoing, 400, 'invalid_request', faults.join('; '));
    return;
  }
  const { expiresInSeconds } = wanted.data;
  answer(outgoing, 200, {
    access_token: await issue(source, wanted.data),
    token_type: 'Bearer',
    expires_in: expiresInSeconds,
  });
}

async function isAllowed(apiKey: string, { headers }: IncomingMessage): Promise<boolean> {
  const { authorization, 'x-api-key': inHeader } = headers;
  const credential = presentedCredential({ authorization, 'x-api-key': inHeader?.toString() });
  return credential !== undefined && (await staticKey(keyDigest(apiKey))(credential)) !== undefined;
}

/** Undefined, which no schema takes, where it is no JSON; a request without a body leaves everything out. */
function jsonOf(body: Buffer | undefined): unknown {
  if (!body || body.length === 0) return {};
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function issue(
  { issuer, audience, key }: TokenSource,
  { tenant, subject, roles, scopes, expiresInSeconds }: TokenRequest,
): Promise<string> {
  const token = new SignJWT({ tenant, roles, scope: scopes.join(' '), azp: 'development' })
    .setProtectedHeader({ alg: 'ES256', kid: String(key.jwk.kid), typ: 'JWT' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1_000) + expiresInSeconds);
  if (subject !== undefined) token.setSubject(subject);
  return token.sign(key.privateKey);
}

function refuse(outgoing: ServerResponse, status: number, error: string, description: string): void {
  answer(outgoing, status, { error, error_description: description });
}

function answer(outgoing: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 401 && { 'www-authenticate': 'Bearer realm="florin"' }),
  };
  outgoing.writeHead(status, headers).end(text);
}
