import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { balanceItemKey } from '../dynamodb/items/keys.ts';
import type { BalanceTotal, TenantId } from '../ledger/index.ts';

type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/**
 * The action that lets a write pass only while a balance is as it was read, so that what the write says of it is true when
 * it is made. A balance that is spread over shards has no such check: its sum is no snapshot to begin with.
 */
export function balanceUnchanged(ledgerTable: string, tenant: TenantId, balance: BalanceTotal): Action[] {
  const { account, asset, shards, version } = balance;
  if (shards > 1) return [];
  const isStored = version > 0;
  return [
    {
      ConditionCheck: {
        TableName: ledgerTable,
        Key: balanceItemKey(tenant, { account, asset, shard: 0 }),
        ConditionExpression: isStored ? '#version = :version' : 'attribute_not_exists(PK)',
        ...(isStored && {
          ExpressionAttributeNames: { '#version': 'version' },
          ExpressionAttributeValues: { ':version': version },
        }),
      },
    },
  ];
}
