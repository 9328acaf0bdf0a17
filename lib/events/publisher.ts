import type { Clock } from '../dynamodb/index.ts';
import type { TenantId } from '../ledger/index.ts';
import type { PublicationCursors } from '../platform/publication-cursor.ts';
import type { EventTopic } from './event-topic.ts';
import type { Journal } from './journal.ts';

/** Blocks read at once, some 10 KB each. */
const blocksPerRead = 5;

/** A block is begun only with so much time left, in milliseconds: its events are read and published in ten calls or so. */
const blockTimeMs = 4_000;

/** What a run published. */
export interface Published {
  readonly events: number;
  /** The longest time from an event to its publication, in milliseconds; undefined without an event. */
  readonly longestLagMs?: number;
  /** False where time was over first: what is left has to be asked for again. */
  readonly isComplete: boolean;
}

export interface PublisherOptions {
  readonly journal: Journal;
  readonly cursors: PublicationCursors;
  readonly topic: Pick<EventTopic, 'publish'>;
  readonly clock: Clock;
}

/**
 * Publishes tenants' journals, block by block from a cursor that moves on only behind what is published. So each event is
 * published at least once: a crash between the two publishes a block again, with the same ids.
 */
export class Publisher {
  readonly #options: PublisherOptions;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /**
   * Publishes what a journal has behind the cursor, for as long as the time in milliseconds allows.
   *
   * @throws LedgerError `unavailable`, `outcome_unknown`; NotPublished, or whatever the SDK throws
   */
  async run(tenant: TenantId, timeMs: number): Promise<Published> {
    const { journal, cursors, topic, clock } = this.#options;
    const endsAt = clock.elapsed() + timeMs;
    let events = 0;
    let longestLagMs: number | undefined;
    const published = (isComplete: boolean): Published => ({
      events,
      ...(longestLagMs !== undefined && { longestLagMs }),
      isComplete,
    });
    let done = await cursors.get(tenant);
    for (;;) {
      const blocks = await journal.blocks.blocksFrom(tenant, done + 1, blocksPerRead);
      if (blocks.length === 0) return published(true);
      for (const block of blocks) {
        if (clock.elapsed() + blockTimeMs > endsAt) return published(false);
        const views = await journal.feed.ofBlock(tenant, block);
        await topic.publish(tenant, views);
        events += views.length;
        const now = clock.now();
        for (const { time } of views) longestLagMs = Math.max(longestLagMs ?? 0, now - time);
        if (!(await cursors.advance(tenant, block.number))) {
          // Another one is at it, or the answer to our own write was lost.
          done = await cursors.get(tenant);
          break;
        }
        done = block.number;
      }
    }
  }
}
