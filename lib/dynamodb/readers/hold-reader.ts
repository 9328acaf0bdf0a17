import type { Hold, HoldId, TenantId } from '../../ledger/index.ts';
import { parseHold } from '../items/hold-item.ts';
import { holdKey } from '../items/keys.ts';
import type { Reader } from '../table/reader.ts';

/** Holds by id, open and ended ones. */
export class HoldReader {
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** The hold as it is stored: one whose time is over stays `open` until it is released. One consistent read. @throws LedgerError `unavailable` */
  async get(tenant: TenantId, id: HoldId): Promise<Hold | undefined> {
    const row = await this.#reader.get(holdKey(tenant, id));
    return row && parseHold(row);
  }
}
