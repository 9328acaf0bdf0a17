import { recordIdOfTransaction, type TenantId, type Transaction, type TransactionId } from '../ledger/index.ts';
import { recordKey } from './keys.ts';
import type { Reader } from './reader.ts';
import { type KeyRecord, parseRecord } from './record-item.ts';

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

  /** The record that the transaction is part of, with what caused it. One consistent read. @throws LedgerError `unavailable` */
  async record(tenant: TenantId, id: TransactionId): Promise<KeyRecord | undefined> {
    const row = await this.#reader.get(recordKey(tenant, recordIdOfTransaction(id)));
    return row && parseRecord(row);
  }
}
