import {
  type AccountId,
  type PendingTransaction,
  recordIdOfTransaction,
  type TenantId,
  type TransactionId,
} from '../../ledger/index.ts';
import { linePartition, placeKey, recordKey } from '../items/keys.ts';
import { type Place, parsePlace } from '../items/line-item.ts';
import { type KeyRecord, parseRecord, recordTransactionId } from '../items/record-item.ts';
import type { Reader } from '../table/reader.ts';

/** What waits in a line. */
export interface Waiting {
  readonly pending: PendingTransaction;
  readonly accepted: KeyRecord['accepted'];
}

export interface WaitingPage {
  readonly waiting: readonly Waiting[];
  /** Continue behind this place; absent at the end of the line. */
  readonly next?: Pick<Place, 'acceptedAt' | 'transaction'>;
}

/** The accounts' lines: what was accepted and is to be executed, in the order of their turns. */
export class LineReader {
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** A page from the head on; two consistent reads. @throws LedgerError `unavailable` */
  async list(
    tenant: TenantId,
    account: AccountId,
    limit: number,
    after?: Pick<Place, 'acceptedAt' | 'transaction'>,
  ): Promise<WaitingPage> {
    const { places, hasMore } = await this.places(tenant, account, limit, after);
    const records = await this.#records(tenant, places);
    const waiting = places.flatMap((place) => {
      const record = records.get(place.transaction);
      // What has left the line since is not told.
      if (record?.result.kind !== 'pending') return [];
      return [{ pending: record.result.pending, accepted: record.accepted }];
    });
    const last = places.at(-1);
    return { waiting, ...(hasMore && last && { next: last }) };
  }

  /** The places from the head on, by one consistent read. @throws LedgerError `unavailable` */
  async places(
    tenant: TenantId,
    account: AccountId,
    limit: number,
    after?: Pick<Place, 'acceptedAt' | 'transaction'>,
  ): Promise<{ places: readonly Place[]; hasMore: boolean }> {
    const { rows, lastKey } = await this.#reader.query({
      KeyConditionExpression: 'PK = :line',
      ExpressionAttributeValues: { ':line': linePartition(tenant, account) },
      Limit: limit,
      ...(after && { ExclusiveStartKey: placeKey(tenant, account, after.acceptedAt, after.transaction) }),
    });
    return { places: rows.map(parsePlace), hasMore: lastKey !== undefined };
  }

  async #records(tenant: TenantId, places: readonly Place[]): Promise<ReadonlyMap<TransactionId, KeyRecord>> {
    if (places.length === 0) return new Map();
    const keys = places.map(({ transaction }) => recordKey(tenant, recordIdOfTransaction(transaction)));
    const rows = await this.#reader.getAll(keys);
    return new Map(rows.map((row) => [recordTransactionId(row), parseRecord(row)]));
  }
}
