import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Balance, BalancePlace, TenantId } from '../../ledger/index.ts';
import { parseBalance } from '../items/items.ts';
import { balanceItemKey } from '../items/keys.ts';
import { boundedTimeout } from '../table/client.ts';
import { faultOf } from '../table/faults.ts';
import type { Patience } from '../table/patience.ts';

/** For how long a line's worker tells others to join the line, in milliseconds: a worker that died tells it no longer. */
export const lineMarkMs = 5_000;

/**
 * Marks a balance for those who keep overtaking the worker of a line, and moves its version on: whoever remembers the
 * balance then fails once, learns of the mark and joins the line. Nothing conditions it, so it cannot be overtaken itself.
 *
 * @returns the balance as it is now; undefined where there is none, or this had no effect: then the worker merely tries on
 * @throws what another try would not change
 */
export async function markBalance(
  client: DynamoDBDocumentClient,
  table: string,
  { tenant, place, until }: { readonly tenant: TenantId; readonly place: BalancePlace; readonly until: number },
  patience: Patience,
): Promise<Balance | undefined> {
  try {
    const { Attributes } = await client.send(
      new UpdateCommand({
        TableName: table,
        Key: balanceItemKey(tenant, place),
        UpdateExpression: 'SET lineUntil = :until ADD version :one',
        ConditionExpression: 'attribute_exists(PK)',
        ExpressionAttributeValues: { ':until': until, ':one': 1 },
        ReturnValues: 'ALL_NEW',
      }),
      { requestTimeout: boundedTimeout(patience) },
    );
    return Attributes && parseBalance(Attributes);
  } catch (error) {
    if (faultOf(error).kind === 'fatal') throw error;
    return undefined;
  }
}
