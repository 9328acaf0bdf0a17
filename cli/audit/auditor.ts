import * as z from 'zod';
import type { AccountId, AssetCode } from '../../lib/ledger/index.ts';
import { readAs } from '../api/answer.ts';
import { type BalanceAnswer, balanceAnswer, entryAnswer } from '../api/answers.ts';
import type { ApiClient } from '../api/client.ts';
import { pagesOf } from '../api/pages.ts';
import { apiPath, assetInUrl } from '../api/paths.ts';
import { ChainCheck } from './chain-check.ts';
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

export interface AuditSummary {
  accounts: number;
  balances: number;
  entries: number;
  findings: number;
}

const balanceList = z.looseObject({ data: z.array(balanceAnswer) });

/**
 * Audits a ledger over its API, while others write to it: a balance that moves on meanwhile is compared with the entry
 * that it stood at.
 */
export class Auditor {
  readonly summary: AuditSummary = { accounts: 0, balances: 0, entries: 0, findings: 0 };
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
    const { body } = await this.#settings.api.get(apiPath`/v1/accounts/${account}/balances`);
    for (const balance of readAs(balanceList, body).value.data) await this.#auditBalance(balance);
    this.summary.accounts += 1;
  }

  /** Follows all entries. The balance is read before and after: if it is the same, the last entry must have led to it. */
  async #auditBalance(before: BalanceAnswer): Promise<void> {
    const { account, asset } = before;
    const chain = new ChainCheck(this.#settings.tenant);
    let wasReached = before.updatedAt === null && before.posted === '0';
    let postedAtCut = 0n;
    const query = { asset: assetInUrl(asset), order: 'asc' };
    for await (const entries of pagesOf(
      this.#settings.api,
      apiPath`/v1/accounts/${account}/entries`,
      query,
      entryAnswer,
    )) {
      for (const { value: entry } of entries) {
        for (const finding of chain.add(entry)) await this.#report(finding);
        wasReached ||= entry.createdAt === before.updatedAt && entry.balanceAfter === before.posted;
        if (Date.parse(entry.createdAt) <= this.#settings.cutAt) postedAtCut = chain.head.posted;
        this.summary.entries += 1;
      }
    }
    const after = await this.#readBalance(account, asset);
    const fits = after.version === before.version ? after.posted === String(chain.head.posted) : wasReached;
    if (!fits) {
      const expected = String(chain.head.posted);
      await this.#report({ kind: 'balance_mismatch', account, asset, expected, found: before.posted });
    }
    this.#sums.set(asset, (this.#sums.get(asset) ?? 0n) + postedAtCut);
    this.summary.balances += 1;
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
