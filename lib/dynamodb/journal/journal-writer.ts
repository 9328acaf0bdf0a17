import { type DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { type Block, InvariantViolation, type TenantId } from '../../ledger/index.ts';
import { blockItem, parseBlock } from '../items/journal-item.ts';
import { ifAbsent, type Key, recordSortKey } from '../items/keys.ts';
import { boundedTimeout } from '../table/client.ts';
import { faultOf } from '../table/faults.ts';
import type { Patience } from '../table/patience.ts';

/**
 * What became of the write of a block: `appended`; `overtaken` by another appender, without an effect; or `failed`, which may
 * have had its effect where the answer was lost.
 */
export type AppendOutcome = 'appended' | 'overtaken' | 'failed';

/** Writes blocks. */
export class JournalWriter {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /**
   * Appends a block and tells each of its events' items, in one write: if there is no block of its number yet and none of the items
   * is in another. So no event is ever in two blocks, whoever appends.
   *
   * @throws what another try would not change
   */
  async append(tenant: TenantId, block: Block, items: readonly Key[], patience: Patience): Promise<AppendOutcome> {
    const TransactItems = [
      { Put: { TableName: this.#table, Item: blockItem(tenant, block), ...ifAbsent } },
      ...items.map((key) => this.#tell(key, block.number)),
    ];
    try {
      await this.#client.send(new TransactWriteCommand({ TransactItems }), {
        requestTimeout: boundedTimeout(patience),
      });
      return 'appended';
    } catch (error) {
      const fault = faultOf(error);
      if (fault.kind === 'fatal') throw error;
      if (fault.kind !== 'cancelled') return 'failed';
      const invalid = fault.failures.find(({ kind }) => kind === 'invalid');
      if (invalid) throw new InvariantViolation(`DynamoDB refused block ${block.number}: ${invalid.message}`);
      const there = fault.failures[0]?.item;
      // The SDK does not repeat a write, but what is between us and DynamoDB may: then it is our own block that is there.
      if (there && parseBlock(there).hash === block.hash) return 'appended';
      return fault.failures.some(({ kind }) => kind === 'condition') ? 'overtaken' : 'failed';
    }
  }

  #tell(key: Key, block: number) {
    const isRecord = key.SK === recordSortKey;
    return {
      Update: {
        TableName: this.#table,
        Key: key,
        UpdateExpression: 'SET #block = :block',
        ConditionExpression: `attribute_exists(PK) AND attribute_not_exists(#block)${isRecord ? ' AND #status <> :pending' : ''}`,
        ExpressionAttributeNames: { '#block': 'block', ...(isRecord && { '#status': 'status' }) },
        ExpressionAttributeValues: { ':block': block, ...(isRecord && { ':pending': 'pending' }) },
      },
    };
  }
}
