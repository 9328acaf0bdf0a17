import { randomUUID } from 'node:crypto';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { newApiKey } from '../../lib/auth/api-key.ts';
import type { Role, Scope } from '../../lib/auth/index.ts';
import type { TenantId } from '../../lib/ledger/index.ts';
import { apiKeyItem } from '../../lib/platform/api-key-item.ts';
import { clientIdOf } from '../../lib/platform/client-id.ts';
import type { ApiAnswer, Call, CallOptions, TestApi } from '../functions/api.ts';

export interface Grants {
  readonly tenant?: string;
  readonly subject?: string;
  readonly roles?: readonly Role[];
  readonly scopes?: readonly Scope[];
}

/** Makes calls with the key of an API client that has just these grants. */
export type CallersOf = (grants: Grants) => Promise<Call>;

/** Beyond what any test sends, so that none of them is about rates. */
const rate = { requestsPerSecond: 100_000, burst: 100_000 };

/**
 * API clients as the Platform table has them, one for each set of grants: their keys are looked up and judged by the real access check.
 */
export function callersOf({ database, call }: TestApi): CallersOf {
  const { documents, tables } = database;
  const made = new Map<string, Promise<Call>>();
  const make = async ({ tenant = 'default', subject, roles = [], scopes = [] }: Grants): Promise<Call> => {
    const id = clientIdOf(tenant as TenantId, randomUUID());
    const { key, ...shown } = newApiKey('test');
    const clientKey = { ...shown, createdAt: Date.now() };
    const client = {
      tenant: tenant as TenantId,
      id,
      name: 'A test',
      roles,
      scopes,
      ...(subject !== undefined && { subject }),
      rate,
      keys: [clientKey],
      createdAt: clientKey.createdAt,
      version: 1,
    };
    await documents.send(new PutCommand({ TableName: tables.platform, Item: apiKeyItem(client, clientKey) }));
    return (method, path, body, { headers, ...options }: CallOptions = {}) =>
      call(method, path, body, { ...options, headers: { Authorization: `Bearer ${key}`, ...headers } });
  };
  return (grants) => {
    const name = JSON.stringify(grants);
    const known = made.get(name) ?? make(grants);
    made.set(name, known);
    return known;
  };
}

/** What was answered, where it is as it should be; else the test ends here and says what came. */
export async function demand(status: number, call: Promise<ApiAnswer>): Promise<ApiAnswer> {
  const answer = await call;
  if (answer.status !== status) throw new Error(`${answer.status} instead of ${status}: ${answer.text}`);
  return answer;
}
