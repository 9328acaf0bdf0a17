import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { WriteResult } from '../dynamodb/table/single-write.ts';
import { InvariantViolation, type TenantId } from '../ledger/index.ts';
import { monitorItem, type StoredMonitor } from './monitor-item.ts';

type Actions = NonNullable<TransactWriteCommandInput['TransactItems']>;

/** The action that puts a monitor in place of another version of itself. */
export function replaceMonitor(
  platformTable: string,
  tenant: TenantId,
  before: StoredMonitor,
  after: StoredMonitor,
): Actions[number] {
  return {
    Put: {
      TableName: platformTable,
      Item: monitorItem(tenant, after),
      ConditionExpression: '#version = :seen',
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':seen': before.version },
    },
  };
}

/** Why a write of several items was refused, action by action. @throws InvariantViolation where it can never pass */
export function failuresOf(refusal: NonNullable<WriteResult['refusal']>) {
  if (refusal.kind !== 'cancelled') throw new InvariantViolation('a write of several items gives its reasons');
  const invalid = refusal.failures.find(({ kind }) => kind === 'invalid');
  if (invalid) throw new InvariantViolation(`DynamoDB refused a balance monitor: ${invalid.message}`);
  return refusal.failures;
}
