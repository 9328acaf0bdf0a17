import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import {
  type Asset,
  type AssetCode,
  InvariantViolation,
  LedgerError,
  scaleOf,
  type TenantId,
} from '../ledger/index.ts';
import type { AppliedKey } from './items.ts';
import { assetItem, parseAsset } from './items.ts';
import { assetPrefix, ifAbsent, tenantPartition } from './keys.ts';
import type { Clock } from './patience.ts';
import type { Reader } from './reader.ts';
import { insistently } from './single-write.ts';

export interface CreateAsset {
  readonly tenant: TenantId;
  readonly code: AssetCode;
  readonly name?: string | undefined;
  readonly keyApplied: AppliedKey;
}

/** The assets of a tenant. They are registered once and never changed. */
export class AssetStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #reader: Reader;
  readonly #clock: Clock;

  constructor(client: DynamoDBDocumentClient, table: string, reader: Reader, clock: Clock) {
    this.#client = client;
    this.#table = table;
    this.#reader = reader;
    this.#clock = clock;
  }

  /**
   * Registers an asset, once under its idempotency key: applied again, it answers with what the first did.
   *
   * @throws LedgerError `already_exists`, `idempotency_key_reused`, `unavailable`, `outcome_unknown`
   */
  async create({ tenant, code, name, keyApplied }: CreateAsset): Promise<Asset> {
    const asset: Asset = { code, scale: scaleOf(code), ...(name && { name }), createdAt: this.#clock.now() };
    const { refusal } = await insistently(this.#clock, (requestTimeout) =>
      this.#client.send(
        new PutCommand({
          TableName: this.#table,
          Item: assetItem(tenant, asset, keyApplied),
          ...ifAbsent,
        }),
        { requestTimeout },
      ),
    );
    if (!refusal) return asset;
    if (refusal.kind !== 'condition' || !refusal.item)
      throw new InvariantViolation('a failed condition returns the item');
    const { keyApplied: earlier, ...existing } = parseAsset(refusal.item);
    if (earlier.mark !== keyApplied.mark) {
      throw new LedgerError('already_exists', `asset ${code} exists already`, { asset: code });
    }
    if (earlier.requestHash !== keyApplied.requestHash) {
      throw new LedgerError('idempotency_key_reused', 'the key was used for another request');
    }
    return existing;
  }

  /** All assets of a tenant, in order of code. @throws LedgerError `unavailable` */
  async list(tenant: TenantId): Promise<Asset[]> {
    const rows = await this.#reader.queryAll({
      KeyConditionExpression: 'PK = :pk AND begins_with(SK, :prefix)',
      ExpressionAttributeValues: { ':pk': tenantPartition(tenant), ':prefix': assetPrefix },
    });
    return rows.map((row) => {
      const { keyApplied: _, ...asset } = parseAsset(row);
      return asset;
    });
  }
}
