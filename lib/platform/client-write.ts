import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { ifAbsent } from '../dynamodb/keys.ts';
import type { WriteResult } from '../dynamodb/single-write.ts';
import { apiKeyItem } from './api-key-item.ts';
import type { ApiClient, ClientKey } from './client.ts';
import { clientItem, type StoredClient } from './client-item.ts';
import { apiKeyKey, apiKeyUseKey } from './keys.ts';

export type Actions = NonNullable<TransactWriteCommandInput['TransactItems']>;
type Action = Actions[number];

/** Writes a client that is not there, with its keys. */
export function creationActions(table: string, client: StoredClient): Actions {
  return [
    { Put: { TableName: table, Item: clientItem(client), ...ifAbsent } },
    ...client.keys.map((key) => newKeyAction(table, client, key)),
  ];
}

/** Of the keys that a client had and was to keep, those that a refused write of `changeActions` found no row of. */
export function lostKeys({ refusal }: WriteResult, before: StoredClient, after: StoredClient): readonly ClientKey[] {
  if (refusal?.kind !== 'cancelled') return [];
  const had = new Set(before.keys.map(({ sha256 }) => sha256));
  // The client itself is the first action, and its keys come next.
  return after.keys.filter(({ sha256 }, place) => had.has(sha256) && refusal.failures[place + 1]?.kind === 'condition');
}

/**
 * Puts a client in place of another version of itself, if that is still there, and says to each of its keys what is true of it from then on:
 * a key that is new is put, and one that the client has no more is deleted with its use. At most twelve actions.
 */
export function changeActions(table: string, before: StoredClient, after: StoredClient): Actions {
  const had = new Set(before.keys.map(({ sha256 }) => sha256));
  const has = new Set(after.keys.map(({ sha256 }) => sha256));
  return [
    {
      Put: {
        TableName: table,
        Item: clientItem(after),
        ConditionExpression: '#version = :seen',
        ExpressionAttributeNames: { '#version': 'version' },
        ExpressionAttributeValues: { ':seen': before.version },
      },
    },
    ...after.keys.map((key) => (had.has(key.sha256) ? changedKeyAction : newKeyAction)(table, after, key)),
    ...before.keys
      .filter(({ sha256 }) => !has.has(sha256))
      .flatMap(({ sha256 }) => [apiKeyKey(sha256), apiKeyUseKey(sha256)])
      .map((key) => ({ Delete: { TableName: table, Key: key } })),
  ];
}

function newKeyAction(table: string, client: ApiClient, key: ClientKey): Action {
  return { Put: { TableName: table, Item: apiKeyItem(client, key), ...ifAbsent } };
}

function changedKeyAction(table: string, client: ApiClient, key: ClientKey): Action {
  return { Put: { TableName: table, Item: apiKeyItem(client, key), ConditionExpression: 'attribute_exists(PK)' } };
}
