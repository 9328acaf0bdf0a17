import {
  InvariantViolation,
  type LineCommand,
  type PostedTransaction,
  recordIdOfTransaction,
  type TenantId,
  type Transaction,
  type TransactionId,
} from '../../ledger/index.ts';
import { recordKey } from '../items/keys.ts';
import { type KeyRecord, parseFailedCommand, parseRecord } from '../items/record-item.ts';
import type { Reader } from '../table/reader.ts';

/** Transactions by id: posted and rejected ones. */
export class TransactionReader {
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** One consistent read. @throws LedgerError `unavailable` */
  async get(tenant: TenantId, id: TransactionId): Promise<Transaction | undefined> {
    const result = (await this.record(tenant, id))?.result;
    return result?.kind === 'transaction' ? result.transaction : undefined;
  }

  /**
   * Posted transactions that are known to exist, in the order of their ids, by one read.
   *
   * @throws LedgerError `unavailable`, InvariantViolation where one is missing
   */
  async getPosted(tenant: TenantId, ids: readonly TransactionId[]): Promise<PostedTransaction[]> {
    const rows = await this.#reader.getAll(ids.map((id) => recordKey(tenant, recordIdOfTransaction(id))));
    const posted = new Map<TransactionId, PostedTransaction>();
    for (const row of rows) {
      const { result } = parseRecord(row);
      if (result.kind === 'transaction' && result.transaction.status === 'posted') {
        posted.set(result.transaction.id, result.transaction);
      }
    }
    return ids.map((id) => {
      const transaction = posted.get(id);
      if (!transaction) throw new InvariantViolation(`there is no posted transaction ${id}`);
      return transaction;
    });
  }

  /**
   * The command of a transaction that failed; or that it did not fail, or that what is stored of it cannot be read.
   * @throws LedgerError `unavailable`
   */
  async failedCommand(tenant: TenantId, id: TransactionId): Promise<LineCommand | 'not_failed' | 'unreadable'> {
    const row = await this.#reader.get(recordKey(tenant, recordIdOfTransaction(id)));
    if (row?.status !== 'failed') return 'not_failed';
    return parseFailedCommand(row) ?? 'unreadable';
  }

  /** The record that the transaction is part of, with what caused it. One consistent read. @throws LedgerError `unavailable` */
  async record(tenant: TenantId, id: TransactionId): Promise<KeyRecord | undefined> {
    const row = await this.#reader.get(recordKey(tenant, recordIdOfTransaction(id)));
    return row && parseRecord(row);
  }
}
