import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import {
  type Command,
  type Decline,
  InvariantViolation,
  type KeyResult,
  type RejectedTransaction,
} from '../ledger/index.ts';
import { boundedTimeout } from './client.ts';
import { faultOf } from './faults.ts';
import { ifAbsent } from './keys.ts';
import type { PendingCommand } from './pending-command.ts';
import { parseRecord, recordItem } from './record-item.ts';

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
  decline: Decline,
  createdAt: number,
): Promise<boolean> {
  const { command, nonce, cause } = pending;
  const transaction = rejectedTransaction(command, decline, createdAt);
  const result: KeyResult = { kind: 'transaction', transaction };
  pending.attempts++;
  try {
    await client.send(
      new PutCommand({
        TableName: table,
        Item: recordItem(command.tenant, command.record, { result, requestHash: command.requestHash, nonce, cause }),
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
  pending.settle({ kind: 'settled', result, replayed: false });
  return true;
}

/** The transaction that says why a command was rejected. */
export function rejectedTransaction(
  command: Command,
  { reason, evidence, postings }: Decline,
  createdAt: number,
): RejectedTransaction {
  const { id, type } = command;
  const meant = postings ?? ('postings' in command ? command.postings : []);
  return { id, status: 'rejected', type, postings: meant, createdAt, reason, evidence };
}
