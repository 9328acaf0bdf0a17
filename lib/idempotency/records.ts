import { randomInt } from 'node:crypto';
import { IdempotencyItemAlreadyExistsError, IdempotencyRecordStatus } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import type { IdempotencyRecord } from '@aws-lambda-powertools/idempotency/persistence';

/** The time that is drawn and added to that for which a record is kept while its request is in flight, in seconds. */
const drawnSeconds = 60 * 60;

/**
 * Powertools' records, but for one thing: a record whose write lost its answer is known again when the client writes it
 * once more. Powertools takes it for another request's there, and the only request there is would wait for itself.
 *
 * Records of the same request are told apart by the moments at which they end, to which a time is added that is drawn, since
 * Powertools writes nothing else of its own. Duplicates that coincide in both all the same both make their change, whose own
 * key lets it happen once.
 */
export class IdempotencyRecords extends DynamoDBPersistenceLayer {
  protected override async _putRecord(record: IdempotencyRecord): Promise<void> {
    record.expiryTimestamp = (record.expiryTimestamp ?? 0) + randomInt(drawnSeconds);
    try {
      await super._putRecord(record);
    } catch (error) {
      if (!(error instanceof IdempotencyItemAlreadyExistsError) || !isSame(error.existingRecord, record)) throw error;
    }
  }
}

function isSame(found: IdempotencyRecord | undefined, record: IdempotencyRecord): boolean {
  return (
    found !== undefined &&
    found.inProgressExpiryTimestamp === record.inProgressExpiryTimestamp &&
    found.expiryTimestamp === record.expiryTimestamp &&
    found.payloadHash === record.payloadHash &&
    // Asked for last: it throws for a damaged record, which is for Powertools to find and no outage of the table.
    found.getStatus() === IdempotencyRecordStatus.INPROGRESS
  );
}
