import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { ifAbsent } from '../dynamodb/items/keys.ts';
import type { WriteResult } from '../dynamodb/table/single-write.ts';
import { apiKeyItem } from './api-key-item.ts';
import type { ApiClient, ClientKey } from './client.ts';
import { clientItem, type StoredClient } from './client-item.ts';
import { apiKeyKey, apiKeyUseKey, clientKey } from './keys.ts';

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

/** How long a client is reserved for being revoked, in milliseconds: longer than that is tried, clocks that differ included. */
const reservationMs = 10_000;

/**
 * Reserves a client for being revoked, whatever else is being changed of it: who is to be revoked may be who makes all the other changes, and
 * must not overtake it with each of them.
 */
export function reserving(table: string, { tenant, id }: Pick<ApiClient, 'tenant' | 'id'>, now: number) {
  return {
    TableName: table,
    Key: clientKey(tenant, id),
    UpdateExpression: 'SET reservedUntil = :until',
    ConditionExpression: 'attribute_exists(PK)',
    ExpressionAttributeValues: { ':until': now + reservationMs },
  };
}

/** Whether a client is reserved at an instant. */
export function isReservedAt({ reservedUntil }: StoredClient, now: number): boolean {
  return reservedUntil !== undefined && reservedUntil > now;
}

/**
 * Puts a client in place of another version of itself, if that is still there and not reserved for something else, and says to each of its
 * keys what is true of it from then on: a key that is new is put, and one that the client has no more is deleted with its use. At most twelve
 * actions.
 *
 * @param reservation whether it is of who makes the change, else the time in milliseconds since 1970: one that ends later is in the way
 */
export function changeActions(
  table: string,
  before: StoredClient,
  after: StoredClient,
  reservation: 'its own' | number,
): Actions {
  const had = new Set(before.keys.map(({ sha256 }) => sha256));
  const has = new Set(after.keys.map(({ sha256 }) => sha256));
  return [
    {
      Put: {
        TableName: table,
        Item: clientItem(after),
        ConditionExpression: '#version = :seen AND (attribute_not_exists(reservedUntil) OR reservedUntil <= :over)',
        ExpressionAttributeNames: { '#version': 'version' },
        ExpressionAttributeValues: {
          ':seen': before.version,
          ':over': reservation === 'its own' ? Number.MAX_SAFE_INTEGER : reservation,
        },
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
