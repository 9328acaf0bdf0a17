import { createLedgerClient } from '../dynamodb/table/client.ts';
import { ClockSkew } from '../dynamodb/table/clock-skew.ts';
import { type Clock, systemClock } from '../dynamodb/table/patience.ts';
import { Reader } from '../dynamodb/table/reader.ts';
import type { Table } from '../dynamodb/table/table.ts';

/** What every store of the Platform table works with: one client, whose calls are bounded and whose numbers are bigint. */
export type PlatformTable = Table;

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
