import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createLedgerClient } from '../dynamodb/client.ts';
import { ClockSkew } from '../dynamodb/clock-skew.ts';
import { type Clock, systemClock } from '../dynamodb/patience.ts';
import { Reader } from '../dynamodb/reader.ts';

/** What every store of the Platform table works with: one client, whose calls are bounded and whose numbers are bigint. */
export interface PlatformTable {
  readonly name: string;
  readonly client: DynamoDBDocumentClient;
  /** Reads consistently, again after transient faults, bounded in time. */
  readonly reader: Reader;
  readonly clock: Clock;
}

export interface PlatformTableOptions {
  /** The Platform table's name. */
  readonly table: string;
  readonly clock?: Clock;
  /** Another endpoint than the SDK's own variables name. */
  readonly endpoint?: string;
}

/** Opens the Platform table. Nothing in it takes part in commits, so the skew of its clock is of no interest. */
export function openPlatformTable({ table, clock = systemClock, endpoint }: PlatformTableOptions): PlatformTable {
  const client = createLedgerClient(new ClockSkew(), endpoint);
  return { name: table, client, reader: new Reader(client, table, clock), clock };
}
