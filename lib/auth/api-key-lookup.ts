import { QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Row } from '../dynamodb/items/items.ts';
import { faultOf } from '../dynamodb/table/faults.ts';
import { Patience } from '../dynamodb/table/patience.ts';
import { LedgerError } from '../ledger/index.ts';
import type { LineWriter } from '../observability/index.ts';
import { parseApiKey, type StoredApiKey } from '../platform/api-key-item.ts';
import { apiKeyPartition, apiKeyUseKey } from '../platform/keys.ts';
import type { PlatformTable } from '../platform/platform-table.ts';

/** How long a key is looked for, all attempts together, in milliseconds, and one of them. Every request of a stranger may wait so long. */
const lookupTimeoutMs = 1_100;
const attemptTimeoutMs = 500;
const maxAttempts = 3;

/** How long a request may wait for it to be noted that its key is in use, in milliseconds. */
const noteTimeoutMs = 300;

/** How exactly it is known when a key was used last: there is one write for each key and hour, however many requests. */
export const lastUsedPrecisionMs = 60 * 60 * 1_000;

/** Looks API keys up in the Platform table. */
export class ApiKeyLookup {
  readonly #platform: PlatformTable;
  readonly #logger: LineWriter;

  constructor(platform: PlatformTable, logger: LineWriter) {
    this.#platform = platform;
    this.#logger = logger;
  }

  /**
   * One consistent read; it is done in 1.1 s whatever happens.
   *
   * @throws LedgerError `unavailable` where nothing was answered in time
   * @throws InvariantViolation for a damaged row
   */
  async find(sha256: string): Promise<StoredApiKey | undefined> {
    return parseApiKey(await this.#read(sha256));
  }

  async #read(sha256: string): Promise<readonly Row[]> {
    const { client, name, clock } = this.#platform;
    const patience = new Patience(clock, lookupTimeoutMs);
    for (let attempt = 1; ; attempt++) {
      try {
        const { Items = [] } = await client.send(
          new QueryCommand({
            TableName: name,
            KeyConditionExpression: 'PK = :pk',
            ExpressionAttributeValues: { ':pk': apiKeyPartition(sha256) },
            ConsistentRead: true,
          }),
          { requestTimeout: Math.max(1, Math.min(attemptTimeoutMs, patience.leftMs)) },
        );
        return Items;
      } catch (error) {
        const { kind } = faultOf(error);
        if (kind === 'fatal') throw error;
        if (attempt === maxAttempts || patience.isOver) {
          throw new LedgerError('unavailable', 'API keys cannot be looked up now', {}, { cause: error });
        }
      }
      await patience.pause(attempt);
    }
  }

  /** Notes that a key is in use, if that was not noted within the hour. It never fails and waits 0.3 s at most: it is for people. */
  async noteUse(sha256: string, { client, lastUsedAt }: StoredApiKey): Promise<void> {
    const { client: dynamodb, name, clock } = this.#platform;
    const now = clock.now();
    const before = now - lastUsedPrecisionMs;
    if (lastUsedAt !== undefined && lastUsedAt > before) return;
    try {
      await dynamodb.send(
        new UpdateCommand({
          TableName: name,
          Key: apiKeyUseKey(sha256),
          UpdateExpression: 'SET lastUsedAt = :now',
          // Only one instance writes. Should the key be gone meanwhile, its use remains, of which nobody reads.
          ConditionExpression: 'attribute_not_exists(lastUsedAt) OR lastUsedAt <= :before',
          ExpressionAttributeValues: { ':now': now, ':before': before },
        }),
        { requestTimeout: noteTimeoutMs },
      );
    } catch (error) {
      if (faultOf(error).kind === 'condition') return;
      this.#logger.warn('when an API key was used last could not be noted', { client, error: error as Error });
    }
  }
}
