import { type AttributeValue, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { InvariantViolation } from '../../ledger/index.ts';
import type { Row } from '../items/items.ts';

/** A share of a table that is scanned by itself. */
export interface TableSegment {
  readonly table: string;
  readonly segment: number;
  readonly segments: number;
}

/**
 * Scans a segment page by page, consistently. DynamoDB puts all rows of one partition into one segment and returns
 * them together, in the order of their sort keys: whoever follows a partition needs no more memory than for one.
 *
 * @throws InvariantViolation where the rows of a partition come in another order
 */
export async function* scanSegment(client: DynamoDBClient, share: TableSegment): AsyncGenerator<Row[]> {
  let start: Record<string, AttributeValue> | undefined;
  let last: Row = {};
  do {
    const page = await client.send(
      new ScanCommand({
        TableName: share.table,
        Segment: share.segment,
        TotalSegments: share.segments,
        ConsistentRead: true,
        ...(start && { ExclusiveStartKey: start }),
      }),
    );
    const rows = (page.Items ?? []).map((item): Row => unmarshall(item, { wrapNumbers: BigInt }));
    for (const row of rows) {
      if (row.PK === last.PK && String(row.SK) <= String(last.SK)) {
        throw new InvariantViolation(`the scan returned ${row.PK} ${row.SK} after ${last.SK}`);
      }
      last = row;
    }
    yield rows;
    start = page.LastEvaluatedKey;
  } while (start);
}
