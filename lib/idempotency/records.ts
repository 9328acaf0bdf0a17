import { randomInt } from 'node:crypto';
import { IdempotencyItemAlreadyExistsError, IdempotencyRecordStatus } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import type { IdempotencyRecord } from '@aws-lambda-powertools/idempotency/persistence';

/** What the fraction of a moment in milliseconds can tell apart: a double has twelve bits left for it. */
const fractions = 2 ** 12;

/**
 * Powertools' records, but for one thing: a record whose write lost its answer is known again when the client writes it
 * once more. Powertools takes it for another request's there, and the only request there is would wait for itself.
 *
 * Records are told apart by the moment to which they are in progress, whose fraction of a millisecond is drawn. Duplicates
 * that coincide in it all the same both make their change, whose own key lets it happen once.
 */
export class IdempotencyRecords extends DynamoDBPersistenceLayer {
  protected override async _putRecord(record: IdempotencyRecord): Promise<void> {
    const until = Math.floor(record.inProgressExpiryTimestamp ?? Date.now());
    record.inProgressExpiryTimestamp = until + randomInt(fractions) / fractions;
    try {
      await super._putRecord(record);
    } catch (error) {
      if (!(error instanceof IdempotencyItemAlreadyExistsError) || !isSame(error.existingRecord, record)) throw error;
    }
  }
}

function isSame(found: IdempotencyRecord | undefined, record: IdempotencyRecord): boolean {
  return (
    found?.getStatus() === IdempotencyRecordStatus.INPROGRESS &&
    found.inProgressExpiryTimestamp === record.inProgressExpiryTimestamp &&
    found.payloadHash === record.payloadHash
  );
}
