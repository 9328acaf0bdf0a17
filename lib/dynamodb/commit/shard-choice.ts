import { type BalancePlace, balanceKey, type RecordId, shardOf, type TenantId } from '../../ledger/index.ts';

/** Spread balances an instance remembers its shard of. */
const capacity = 10_000;

/**
 * Which shard of a spread balance this instance uses. It keeps to one as long as nobody else writes there: then what it
 * remembers of the shard is true, and its writes succeed at the first attempt. When a write is lost to another
 * instance, it leaves the shard to that one, and goes where the next command's key belongs.
 */
export class ShardChoice {
  readonly #kept = new Map<string, number>();

  /** The shard to use; `isNew` where nothing remembered of it should be trusted, since others may have written there. */
  choose(
    tenant: TenantId,
    first: BalancePlace,
    shards: number,
    record: RecordId,
  ): { readonly shard: number; readonly isNew: boolean } {
    const key = nameOf(tenant, first);
    const kept = this.#kept.get(key);
    if (kept !== undefined) return { shard: kept, isNew: false };
    const shard = shardOf(record, shards);
    this.#kept.set(key, shard);
    if (this.#kept.size > capacity) this.#kept.delete(this.#kept.keys().next().value as string);
    return { shard, isNew: true };
  }

  /** Leaves a shard that another instance has written to. */
  leave(tenant: TenantId, place: BalancePlace): void {
    const key = nameOf(tenant, place);
    if (this.#kept.get(key) === place.shard) this.#kept.delete(key);
  }
}

function nameOf(tenant: TenantId, place: BalancePlace): string {
  return `${tenant}#${balanceKey({ ...place, shard: 0 })}`;
}
