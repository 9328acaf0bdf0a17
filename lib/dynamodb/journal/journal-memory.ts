import { type BalancePlace, balanceKey, type JournalHead, type TenantId } from '../../ledger/index.ts';

/** Balances and items remembered: a few megabytes. What is forgotten is read again. */
const maxBalances = 20_000;
const maxItems = 20_000;

/** The last entry of a balance whose transaction is in the journal; sequence and time are 0 where none is. */
export interface Frontier {
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** Before the first entry of a balance. */
export const beforeFirst: Frontier = { sequence: 0, time: 0 };

/**
 * What is known to be in a tenant's journal. It only ever holds what was committed, and nothing leaves a journal: so it may be
 * incomplete, and never becomes wrong. Only the heads may be overtaken, which the write of a block finds out.
 */
export class JournalMemory {
  readonly heads = new Map<TenantId, JournalHead>();
  readonly #balances = new RecentMap<Frontier>(maxBalances);
  readonly #items = new RecentMap<true>(maxItems);

  frontier(tenant: TenantId, place: BalancePlace): Frontier | undefined {
    return this.#balances.get(`${tenant}#${balanceKey(place)}`);
  }

  /** Notes that everything up to an entry of a balance is in the journal. */
  advance(tenant: TenantId, place: BalancePlace, to: Frontier): void {
    const key = `${tenant}#${balanceKey(place)}`;
    const known = this.#balances.get(key);
    if (!known || known.sequence < to.sequence) this.#balances.set(key, to);
  }

  /** Whether the record or change record of this partition is known to be in the journal. */
  has(partition: string): boolean {
    return this.#items.get(partition) === true;
  }

  add(partition: string): void {
    this.#items.set(partition, true);
  }
}

/** A map that keeps what was used last. */
class RecentMap<Value> {
  readonly #values = new Map<string, Value>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): Value | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }

  set(key: string, value: Value): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size <= this.#max) return;
    const [oldest] = this.#values.keys();
    if (oldest !== undefined) this.#values.delete(oldest);
  }
}
