import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { type Decision, InvariantViolation, type RejectedTransaction } from '../ledger/index.ts';
import { boundedTimeout } from './client.ts';
import { faultOf } from './faults.ts';
import { parseRecord, recordItem } from './items.ts';
import { ifAbsent } from './keys.ts';
import type { PendingCommand } from './pending-command.ts';

/**
 * Stores a decline with its reason and settles the command, so that the retry gets the same answer; or settles it from
 * the record that was there first. False when neither is known to have happened: the command is to be decided again.
 *
 * @throws what another try would not change, and InvariantViolation
 */
export async function storeDecline(
  client: DynamoDBDocumentClient,
  table: string,
  pending: PendingCommand,
  { reason, evidence }: Extract<Decision, { kind: 'decline' }>,
  createdAt: number,
): Promise<boolean> {
  const { command, nonce, cause } = pending;
  const { id, type, postings, requestHash } = command;
  const transaction: RejectedTransaction = { id, status: 'rejected', type, postings, createdAt, reason, evidence };
  pending.attempts++;
  try {
    await client.send(
      new PutCommand({
        TableName: table,
        Item: recordItem(command, { transaction, requestHash, nonce, cause }),
        ...ifAbsent,
      }),
      { requestTimeout: boundedTimeout(pending.patience) },
    );
  } catch (error) {
    const fault = faultOf(error);
    if (fault.kind === 'fatal') throw error;
    if (fault.kind === 'condition') {
      if (!fault.item) throw new InvariantViolation('a key record exists, but was not returned');
      pending.settleFromRecord(parseRecord(fault.item));
      return true;
    }
    if (fault.kind === 'unknown') pending.isInDoubt = true;
    pending.lastFailure = 'unavailable';
    return false;
  }
  pending.settle({ kind: 'settled', transaction, replayed: false });
  return true;
}
