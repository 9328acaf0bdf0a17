import {
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  type ScanCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { LedgerError } from '../../ledger/index.ts';
import type { Row } from '../items/items.ts';
import type { Key } from '../items/keys.ts';
import { readItems } from './batch-read.ts';
import { boundedTimeout } from './client.ts';
import { faultOf } from './faults.ts';
import { type Clock, Patience } from './patience.ts';

/** How long a read is tried, all its attempts together, in milliseconds. */
const readTimeoutMs = 4_000;

const maxAttempts = 5;

/**
 * Reads of the Ledger table outside of commits: consistent, tried again after transient faults, bounded in time.
 *
 * All throw LedgerError `unavailable` when DynamoDB did not answer in time.
 */
export class Reader {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #clock: Clock;

  constructor(client: DynamoDBDocumentClient, table: string, clock: Clock) {
    this.#client = client;
    this.#table = table;
    this.#clock = clock;
  }

  async get(key: Key): Promise<Row | undefined> {
    const answer = await this.#patiently((patience) =>
      this.#client.send(new GetCommand({ TableName: this.#table, Key: key, ConsistentRead: true }), {
        requestTimeout: boundedTimeout(patience),
      }),
    );
    return answer.Item;
  }

  /** Items by their keys, those that exist, in no order; only these attributes of them, where some are named. */
  async getAll(keys: readonly Key[], attributes?: readonly string[]): Promise<Row[]> {
    return this.#patiently((patience) => readItems(this.#client, this.#table, keys, patience, attributes));
  }

  /** One page of a query; consistent, save on an index. */
  async query(input: Omit<QueryCommandInput, 'TableName'>): Promise<{ rows: Row[]; lastKey: Row | undefined }> {
    const answer = await this.#patiently((patience) =>
      this.#client.send(
        new QueryCommand({ TableName: this.#table, ConsistentRead: input.IndexName === undefined, ...input }),
        { requestTimeout: boundedTimeout(patience) },
      ),
    );
    return { rows: answer.Items ?? [], lastKey: answer.LastEvaluatedKey };
  }

  /** One page of a scan; consistent, save on an index. */
  async scan(input: Omit<ScanCommandInput, 'TableName'>): Promise<{ rows: Row[]; lastKey: Row | undefined }> {
    const answer = await this.#patiently((patience) =>
      this.#client.send(
        new ScanCommand({ TableName: this.#table, ConsistentRead: input.IndexName === undefined, ...input }),
        { requestTimeout: boundedTimeout(patience) },
      ),
    );
    return { rows: answer.Items ?? [], lastKey: answer.LastEvaluatedKey };
  }

  /** All pages of a query that finds few items: the balances of an account, the assets of a tenant. */
  async queryAll(input: Omit<QueryCommandInput, 'TableName'>): Promise<Row[]> {
    const rows: Row[] = [];
    let start: Row | undefined;
    do {
      const page = await this.query({ ...input, ...(start && { ExclusiveStartKey: start }) });
      rows.push(...page.rows);
      start = page.lastKey;
    } while (start);
    return rows;
  }

  async #patiently<T>(read: (patience: Patience) => Promise<T>): Promise<T> {
    const patience = new Patience(this.#clock, readTimeoutMs);
    for (let attempt = 1; ; attempt++) {
      try {
        return await read(patience);
      } catch (error) {
        if (error instanceof LedgerError || faultOf(error).kind === 'fatal') throw error;
        if (attempt === maxAttempts || patience.isOver) {
          throw new LedgerError('unavailable', 'DynamoDB did not answer a read', {}, { cause: error });
        }
      }
      await patience.pause(attempt);
    }
  }
}
