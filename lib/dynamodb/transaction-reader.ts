import { recordIdOfTransaction, type TenantId, type Transaction, type TransactionId } from '../ledger/index.ts';
import { parseRecord } from './items.ts';
import { recordKey } from './keys.ts';
import type { Reader } from './reader.ts';

/** Transactions by id: posted and rejected ones. */
export class TransactionReader {
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** One consistent read. @throws LedgerError `unavailable` */
  async get(tenant: TenantId, id: TransactionId): Promise<Transaction | undefined> {
    const row = await this.#reader.get(recordKey(tenant, recordIdOfTransaction(id)));
    return row && parseRecord(row).transaction;
  }
}
