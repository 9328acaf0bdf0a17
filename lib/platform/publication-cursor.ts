import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { count, parseRow } from '../dynamodb/items/items.ts';
import { insistently } from '../dynamodb/table/single-write.ts';
import { InvariantViolation, type TenantId } from '../ledger/index.ts';
import { cursorKey } from './keys.ts';
import type { PlatformTable } from './platform-table.ts';

/** Who reads journals, each from a cursor of its own. */
export type JournalConsumer = 'publication';

const cursorRow = z.object({ block: count });

/** How far each consumer has got in the journal of each tenant. */
export class PublicationCursors {
  readonly #table: PlatformTable;
  readonly #consumer: JournalConsumer;

  constructor(table: PlatformTable, consumer: JournalConsumer) {
    this.#table = table;
    this.#consumer = consumer;
  }

  /** The last block that is done with; 0 before the first. One consistent read. @throws LedgerError `unavailable` */
  async get(tenant: TenantId): Promise<number> {
    const row = await this.#table.reader.get(cursorKey(tenant, this.#consumer));
    return row ? parseRow(cursorRow, row).block : 0;
  }

  /**
   * Moves on from one block to the next, unless somebody else has moved meanwhile. False tells no more than that it is worth
   * another look.
   *
   * @throws LedgerError `unavailable`, `outcome_unknown`
   */
  async advance(tenant: TenantId, block: number): Promise<boolean> {
    const { client, name, clock } = this.#table;
    const isFirst = block === 1;
    const { refusal } = await insistently(clock, (requestTimeout) =>
      client.send(
        new UpdateCommand({
          TableName: name,
          Key: cursorKey(tenant, this.#consumer),
          UpdateExpression: 'SET #block = :to',
          ConditionExpression: isFirst ? 'attribute_not_exists(PK)' : '#block = :from',
          ExpressionAttributeNames: { '#block': 'block' },
          ExpressionAttributeValues: { ':to': block, ...(!isFirst && { ':from': block - 1 }) },
        }),
        { requestTimeout },
      ),
    );
    if (refusal?.kind === 'cancelled') throw new InvariantViolation('a single write was cancelled like a transaction');
    return !refusal;
  }
}
