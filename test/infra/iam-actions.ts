import type { ProxiedCall } from '../support/fault-proxy.ts';

interface TransactItem {
  readonly [kind: string]: { readonly TableName: string } | undefined;
}

const transactActions: Readonly<Record<string, string>> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
  Get: 'GetItem',
};

/**
 * What IAM would check for a call, as `action on table`: a transaction is authorised by what it does to each item, a query of an index on the
 * index, everything else by its own name.
 */
export function actionsOf({ operation, body }: Pick<ProxiedCall, 'operation' | 'body'>): string[] {
  const request = body as {
    readonly TableName?: string;
    readonly IndexName?: string;
    readonly RequestItems?: Readonly<Record<string, unknown>>;
    readonly TransactItems?: readonly TransactItem[];
  };
  if (request.TransactItems) {
    return request.TransactItems.flatMap((item) =>
      Object.entries(item).map(([kind, target]) => `dynamodb:${transactActions[kind] ?? kind} on ${target?.TableName}`),
    );
  }
  if (request.RequestItems)
    return Object.keys(request.RequestItems).map((table) => `dynamodb:${operation} on ${table}`);
  const index = request.IndexName === undefined ? '' : `/index/${request.IndexName}`;
  return [`dynamodb:${operation} on ${request.TableName}${index}`];
}
