import type { AccountId, Balance, TenantId } from '../../ledger/index.ts';
import type { Reader } from '../table/reader.ts';
import { readAccount } from './account-reader.ts';

/** Accounts an instance remembers to be bounded; some 2 MB. */
const capacity = 10_000;

/**
 * Tells over how many shards an account is spread, for reads that meet no balance which would say it.
 *
 * Only unbounded accounts are ever spread, and an account is bounded or unbounded for good. So a bounded one is asked
 * for once per instance; the number of an unbounded one may have been raised a moment ago, and is read each time.
 */
export class AccountSpread {
  readonly #reader: Reader;
  readonly #bounded = new Set<string>();

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** None or one consistent read. @throws LedgerError `not_found` when the account does not exist, `unavailable` */
  async shardsOf(tenant: TenantId, id: AccountId): Promise<number> {
    if (this.#bounded.has(nameOf(tenant, id))) return 1;
    const { unbounded, shards } = await readAccount(this.#reader, tenant, id);
    if (!unbounded) this.#remember(tenant, id);
    return shards;
  }

  /** Takes in a balance that was read for itself: with a floor it is of a bounded account. */
  learn(tenant: TenantId, { account, floor }: Pick<Balance, 'account' | 'floor'>): void {
    if (floor !== null) this.#remember(tenant, account);
  }

  #remember(tenant: TenantId, id: AccountId): void {
    this.#bounded.add(nameOf(tenant, id));
    if (this.#bounded.size > capacity) this.#bounded.delete(this.#bounded.values().next().value as string);
  }
}

function nameOf(tenant: TenantId, id: AccountId): string {
  return `${tenant}#${id}`;
}

/** The shards of an account that is spread over so many, from 1 on: all but the one that lies with the account. */
export function furtherShards(shards: number): number[] {
  return Array.from({ length: shards - 1 }, (_, index) => index + 1);
}
