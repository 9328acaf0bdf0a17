import { type DynamoDBDocumentClient, PutCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import {
  type Command,
  type Decline,
  InvariantViolation,
  type KeyResult,
  type Refusal,
  type RejectedTransaction,
} from '../../ledger/index.ts';
import type { Row } from '../items/items.ts';
import { ifAbsent } from '../items/keys.ts';
import { type KeyRecord, parseRecord, recordItem } from '../items/record-item.ts';
import { boundedTimeout } from '../table/client.ts';
import { type Fault, faultOf } from '../table/faults.ts';
import type { PendingCommand } from './pending-command.ts';
import { leaveLine, putRecord } from './write-plan.ts';

/** Why a command is rejected for good. */
export type Rejection = Pick<RejectedTransaction, 'reason' | 'evidence'> & Pick<Decline, 'postings'>;

/** The refusal of a command that waited in a line: it is rejected for it. */
export function declineOf({ code, account, asset, index }: Refusal): Rejection {
  const evidence = {
    ...(account !== undefined && { account }),
    ...(asset !== undefined && { asset }),
    ...(index !== undefined && { index }),
  };
  return { reason: code, evidence };
}

/** The record of a command with what became of it. */
export function recordOf({ command, nonce, cause, place }: PendingCommand, result: KeyResult): KeyRecord {
  const accepted = place && { accepted: place.acceptance };
  return { result, requestHash: command.requestHash, nonce, ...accepted, cause };
}

/**
 * Stores a decline with its reason and settles the command, so that the retry gets the same answer; or settles it from
 * the record that was there first. One that waited leaves its line in the same write. False when neither is known to
 * have happened: the command is to be decided again.
 *
 * @throws what another try would not change, and InvariantViolation
 */
export async function storeDecline(
  client: DynamoDBDocumentClient,
  table: string,
  pending: PendingCommand,
  decline: Rejection,
  createdAt: number,
): Promise<boolean> {
  const transaction = rejectedTransaction(pending.command, decline, createdAt);
  const result: KeyResult = { kind: 'transaction', transaction };
  pending.attempts++;
  try {
    await put(
      client,
      table,
      pending,
      recordItem(pending.command.tenant, pending.command.record, recordOf(pending, result)),
    );
  } catch (error) {
    const fault = faultOf(error);
    if (fault.kind === 'fatal') throw error;
    const found = recordFound(fault);
    if (found) {
      pending.settleFromRecord(parseRecord(found));
      return true;
    }
    if (fault.kind === 'unknown') pending.isInDoubt = true;
    pending.lastFailure = 'unavailable';
    return false;
  }
  pending.settle({ kind: 'settled', result, accepted: pending.place?.acceptance, replayed: false });
  return true;
}

async function put(client: DynamoDBDocumentClient, table: string, { place, patience }: PendingCommand, record: Row) {
  const options = { requestTimeout: boundedTimeout(patience) };
  // One item is put by itself: a write of several costs twice as much.
  if (!place) return client.send(new PutCommand({ TableName: table, Item: record, ...ifAbsent }), options);
  const TransactItems = [putRecord(table, record, place), leaveLine(table, place)];
  return client.send(new TransactWriteCommand({ TransactItems }), options);
}

/** The record that was there first. @throws InvariantViolation where the write failed for it and it was not returned */
function recordFound(fault: Fault): Row | undefined {
  if (fault.kind === 'condition') {
    if (!fault.item) throw new InvariantViolation('a key record exists, but was not returned');
    return fault.item;
  }
  if (fault.kind !== 'cancelled') return undefined;
  const [first] = fault.failures;
  if (fault.failures.some(({ kind }) => kind === 'invalid'))
    throw new InvariantViolation(`DynamoDB refused a decline: ${first?.message}`);
  if (first?.kind !== 'condition') return undefined;
  if (!first.item) throw new InvariantViolation('a command waits in a line that has no record');
  return first.item;
}

/** The transaction that says why a command was rejected. */
export function rejectedTransaction(
  command: Command,
  { reason, evidence, postings }: Rejection,
  createdAt: number,
): RejectedTransaction {
  const { id, type } = command;
  const meant = postings ?? ('postings' in command ? command.postings : []);
  return { id, status: 'rejected', type, postings: meant, createdAt, reason, evidence };
}
