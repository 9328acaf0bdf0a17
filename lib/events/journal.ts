import { type Clock, systemClock } from '../dynamodb/index.ts';
import { JournalReader } from '../dynamodb/journal/journal-reader.ts';
import { createLedgerClient } from '../dynamodb/table/client.ts';
import { ClockSkew } from '../dynamodb/table/clock-skew.ts';
import { Reader } from '../dynamodb/table/reader.ts';
import { EventFeed } from './event-feed.ts';

export interface JournalOptions {
  /** The Ledger table's name. */
  readonly table: string;
  readonly clock?: Clock;
  /** Another endpoint than the SDK's own variables name. */
  readonly endpoint?: string;
}

/** Tenants' journals, for those who read them. */
export class Journal {
  readonly blocks: JournalReader;
  readonly feed: EventFeed;

  constructor({ table, clock = systemClock, endpoint }: JournalOptions) {
    const client = createLedgerClient(new ClockSkew(), endpoint);
    this.blocks = new JournalReader(new Reader(client, table, clock));
    this.feed = new EventFeed(this.blocks);
  }
}
