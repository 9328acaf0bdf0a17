import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { ActContext, ActRecorder } from '../../audit/act.ts';
import { recordingOf, writeRecorded } from '../../audit/recorded-write.ts';
import { type Asset, type AssetCode, LedgerError, scaleOf, type TenantId } from '../../ledger/index.ts';
import type { AppliedKey, Row } from '../items/items.ts';
import { assetItem, parseAsset } from '../items/items.ts';
import { assetPrefix, ifAbsent, tenantPartition } from '../items/keys.ts';
import { type Clock, Patience } from '../table/patience.ts';
import type { Reader } from '../table/reader.ts';
import { checkRefusal } from '../table/single-write.ts';
import type { Table } from '../table/table.ts';

export interface CreateAsset {
  readonly tenant: TenantId;
  readonly code: AssetCode;
  readonly name?: string | undefined;
  readonly keyApplied: AppliedKey;
  /** Who asks for it; a store that records acts must be told. */
  readonly by?: ActContext | undefined;
}

/** Attempts against throttling, and the time they have in milliseconds. */
const maxAttempts = 8;
const createTimeoutMs = 6_000;

/** The assets of a tenant. They are registered once and never changed. */
export class AssetStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #reader: Reader;
  readonly #clock: Clock;
  readonly #recorder: ActRecorder | undefined;

  constructor({ name, client, reader, clock }: Table, recorder: ActRecorder | undefined) {
    this.#client = client;
    this.#table = name;
    this.#reader = reader;
    this.#clock = clock;
    this.#recorder = recorder;
  }

  /**
   * Registers an asset, once under its idempotency key: applied again, it answers with what the first did.
   *
   * @throws LedgerError `already_exists`, `idempotency_key_reused`, `contention`, `unavailable`, `outcome_unknown`
   */
  async create({ tenant, code, name, keyApplied, by }: CreateAsset): Promise<Asset> {
    const asset: Asset = { code, scale: scaleOf(code), ...(name && { name }), createdAt: this.#clock.now() };
    const put = { Put: { TableName: this.#table, Item: assetItem(tenant, asset, keyApplied), ...ifAbsent } };
    const act = { tenant, action: 'asset.created', target: code } as const;
    const recording = recordingOf(this.#recorder, by, act);
    const patience = new Patience(this.#clock, createTimeoutMs);
    let mayBeDone = false;
    for (let attempt = 1; attempt <= maxAttempts && !patience.isOver; attempt++) {
      const { refusal, isInDoubt } = await writeRecorded(
        { client: this.#client, clock: this.#clock },
        [put],
        recording,
      );
      if (!refusal) return asset;
      checkRefusal(refusal, 'an asset');
      const row = refusal.kind === 'cancelled' ? refusal.failures[0]?.item : undefined;
      if (row) return existing(row, code, keyApplied);
      mayBeDone ||= isInDoubt;
      await patience.pause(attempt);
    }
    throw mayBeDone
      ? new LedgerError('outcome_unknown', 'the answer to a write was lost')
      : new LedgerError('unavailable', 'DynamoDB did not take a write');
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

/** The asset that is there, if it is this key's. @throws LedgerError `already_exists`, `idempotency_key_reused` */
function existing(row: Row, code: AssetCode, keyApplied: AppliedKey): Asset {
  const { keyApplied: earlier, ...asset } = parseAsset(row);
  if (earlier.mark !== keyApplied.mark) {
    throw new LedgerError('already_exists', `asset ${code} exists already`, { asset: code });
  }
  if (earlier.requestHash !== keyApplied.requestHash) {
    throw new LedgerError('idempotency_key_reused', 'the key was used for another request');
  }
  return asset;
}
