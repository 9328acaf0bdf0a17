import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { ledgerTable } from '../../config/ledger-table.ts';
import type { AccountId, HoldId, TenantId } from '../../ledger/index.ts';
import { type DueHold, dueMarkOf, dueUntil, parseDueHold } from '../items/hold-due.ts';
import type { Row } from '../items/items.ts';
import { boundedTimeout } from '../table/client.ts';
import type { Patience } from '../table/patience.ts';

/** Keys read with one call, some 100 KB of them, and calls for one account: what is behind is left to the sweep. */
const keysPerPage = 500;
const maxPages = 4;

/** Holds of one account that are found at once: as many as one write can release. */
const maxHoldsOfAccount = 40;

/** A page of what is due in a bucket, the longest overdue first. */
export interface DuePage {
  readonly holds: readonly DueHold[];
  /** Where the next page begins; absent on the last. */
  readonly next?: Row;
}

/**
 * Finds open holds whose time is over. The index it reads follows the table within moments: a hold just made may be
 * missing, one just ended may still be there. So what it says is a hint, and what is done about it is decided on the
 * hold itself.
 */
export class ExpiredHolds {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** Holds of one account that were due at a time, at most as many as one write releases. @throws whatever the SDK throws */
  async ofAccount(tenant: TenantId, account: AccountId, time: number, patience: Patience): Promise<HoldId[]> {
    const { bucket, mark } = dueMarkOf(tenant, account);
    const found: HoldId[] = [];
    let start: Row | undefined;
    for (let pages = 0; pages < maxPages && found.length < maxHoldsOfAccount; pages++) {
      const { holds, next } = await this.page(bucket, time, patience, start);
      found.push(...holds.filter((hold) => hold.tenant === tenant && hold.mark === mark).map(({ id }) => id));
      start = next;
      if (!start) break;
    }
    return found.slice(0, maxHoldsOfAccount);
  }

  /** One page of a bucket. @throws whatever the SDK throws, and InvariantViolation for what is no hold */
  async page(bucket: string, time: number, patience: Patience, start?: Row): Promise<DuePage> {
    const { name, partitionKey, sortKey } = ledgerTable.indexes.due;
    const { Items = [], LastEvaluatedKey } = await this.#client.send(
      new QueryCommand({
        TableName: this.#table,
        IndexName: name,
        KeyConditionExpression: `${partitionKey} = :bucket AND ${sortKey} <= :until`,
        ExpressionAttributeValues: { ':bucket': bucket, ':until': dueUntil(time) },
        Limit: keysPerPage,
        ...(start && { ExclusiveStartKey: start }),
      }),
      { requestTimeout: boundedTimeout(patience) },
    );
    const holds = Items.map(parseDueHold);
    return LastEvaluatedKey ? { holds, next: LastEvaluatedKey } : { holds };
  }
}
