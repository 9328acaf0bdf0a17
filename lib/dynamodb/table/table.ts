import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Clock } from './patience.ts';
import type { Reader } from './reader.ts';

/** A table as its stores work with it. */
export interface Table {
  readonly name: string;
  readonly client: DynamoDBDocumentClient;
  /** Reads consistently, again after transient faults, bounded in time. */
  readonly reader: Reader;
  readonly clock: Clock;
}
