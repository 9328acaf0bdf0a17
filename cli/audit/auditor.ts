import * as z from 'zod';
import type { AccountId, AssetCode } from '../../lib/ledger/index.ts';
import { readAs } from '../api/answer.ts';
import { accountAnswer, type BalanceAnswer, balanceAnswer, type EntryAnswer, entryAnswer } from '../api/answers.ts';
import type { ApiClient } from '../api/client.ts';
import { pagesOf } from '../api/pages.ts';
import { apiPath, assetInUrl } from '../api/paths.ts';
import { BalanceWalk, leadsTo } from './balance-walk.ts';
import type { Finding } from './finding.ts';

export interface AuditSettings {
  readonly api: ApiClient;
  readonly tenant: string;
  /** The sums are taken as of this instant, in milliseconds since 1970. */
  readonly cutAt: number;
  /** Accounts that are looked at at the same time. */
  readonly concurrency: number;
  readonly report: (finding: Finding) => Promise<void>;
}

/** A transaction that is committed now may have a time of so many milliseconds ago, and none before. */
export const settledAfterMs = 10_000;

/** How often a balance over several shards is looked at, for two looks between which it stood still. */
const maxLooks = 5;

export interface AuditSummary {
  accounts: number;
  balances: number;
  entries: number;
  /** Balances over several shards that moved on at each look, so that they could not be compared with their entries. */
  unsettled: number;
  findings: number;
}

const balanceList = z.looseObject({ data: z.array(balanceAnswer) });

/**
 * Audits a ledger over its API, while others write to it: a balance that moves on meanwhile is compared with the entry
 * that it stood at.
 */
export class Auditor {
  readonly summary: AuditSummary = { accounts: 0, balances: 0, entries: 0, unsettled: 0, findings: 0 };
  readonly #settings: AuditSettings;
  /** What the balances of each asset were together, as of the cut. */
  readonly #sums = new Map<AssetCode, bigint>();

  #mismatches = 0;

  constructor(settings: AuditSettings) {
    this.#settings = settings;
  }

  /** No hash at all is as it should be: more likely than damage everywhere is another tenant than the one that was named. */
  get isTenantInDoubt(): boolean {
    return this.summary.entries > 0 && this.#mismatches === this.summary.entries;
  }

  /** Looks at accounts, some at the same time. */
  async audit(accounts: AsyncIterable<string>): Promise<void> {
    const ids = accounts[Symbol.asyncIterator]();
    const work = async (): Promise<void> => {
      for (let next = await ids.next(); !next.done; next = await ids.next()) await this.#auditAccount(next.value);
    };
    await Promise.all(Array.from({ length: this.#settings.concurrency }, work));
  }

  /** Whether each asset's balances sum to zero. It makes sense for all accounts together only. */
  async auditSums(): Promise<void> {
    for (const [asset, sum] of [...this.#sums].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      if (sum !== 0n) await this.#report({ kind: 'sum_not_zero', asset, expected: '0', found: String(sum) });
    }
  }

  async #auditAccount(account: string): Promise<void> {
    const { body, serverTime } = await this.#settings.api.get(apiPath`/v1/accounts/${account}/balances`);
    const newFrom = serverTime === undefined ? undefined : new Date(serverTime - settledAfterMs).toISOString();
    for (const balance of readAs(balanceList, body).value.data) await this.#auditBalance(balance, newFrom);
    this.summary.accounts += 1;
  }

  /**
   * Follows all entries. If the balance is the same before and after, the entries must have led to it. If not, one that is
   * not spread must have been where an entry left it. One that is spread is not read at one moment, so it is looked at again:
   * what has come meanwhile is not older than `newFrom`.
   */
  async #auditBalance(first: BalanceAnswer, newFrom: string | undefined): Promise<void> {
    const { account, asset } = first;
    const walk = new BalanceWalk(this.#settings.tenant, this.#settings.cutAt);
    let wasReached = first.updatedAt === null && first.posted === '0';
    await this.#follow(walk, first, undefined, (entry) => {
      wasReached ||= leadsTo(entry, first);
    });
    let before = first;
    let after = await this.#readBalance(account, asset);
    const isMoving = (): boolean => after.version !== before.version;
    const isSpread = isMoving() && (await this.#isSpread(account));
    for (let look = 1; isSpread && isMoving() && look < maxLooks; look++) {
      before = after;
      await this.#follow(walk, first, newFrom);
      after = await this.#readBalance(account, asset);
    }
    if (isMoving() && isSpread) {
      this.summary.unsettled += 1;
    } else if (isMoving() ? !wasReached : after.posted !== String(walk.posted)) {
      const found = isMoving() ? first.posted : after.posted;
      await this.#report({ kind: 'balance_mismatch', account, asset, expected: String(walk.posted), found });
    }
    this.#sums.set(asset, (this.#sums.get(asset) ?? 0n) + walk.postedAtCut);
    this.summary.entries += walk.entries;
    this.summary.balances += 1;
  }

  async #follow(
    walk: BalanceWalk,
    { account, asset }: BalanceAnswer,
    from: string | undefined,
    visit: (entry: EntryAnswer) => void = () => {},
  ): Promise<void> {
    const path = apiPath`/v1/accounts/${account}/entries`;
    const query = { asset: assetInUrl(asset), order: 'asc', from };
    for await (const entries of pagesOf(this.#settings.api, path, query, entryAnswer)) {
      for (const { value: entry } of entries) {
        if (from !== undefined && walk.has(entry)) continue;
        for (const finding of walk.add(entry)) await this.#report(finding);
        visit(entry);
      }
    }
  }

  async #isSpread(account: AccountId): Promise<boolean> {
    const { body } = await this.#settings.api.get(apiPath`/v1/accounts/${account}`);
    return (readAs(accountAnswer, body).value.shards ?? 1) > 1;
  }

  async #readBalance(account: AccountId, asset: AssetCode): Promise<BalanceAnswer> {
    const path = apiPath`/v1/accounts/${account}/balances/${assetInUrl(asset)}`;
    return readAs(balanceAnswer, (await this.#settings.api.get(path)).body).value;
  }

  async #report(finding: Finding): Promise<void> {
    this.summary.findings += 1;
    if (finding.kind === 'hash_mismatch') this.#mismatches += 1;
    await this.#settings.report(finding);
  }
}
