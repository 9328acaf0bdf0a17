import type { TenantId } from './account.ts';
import type { AssetCode } from './asset.ts';
import type { AuditFinding } from './audit-finding.ts';
import type { Balance } from './balance.ts';

interface AssetTotal {
  readonly tenant: TenantId;
  readonly asset: AssetCode;
  sum: bigint;
  balances: number;
  isRegistered: boolean;
}

/** Adds up all balances of each asset of each tenant, in any order: each sum must be zero. */
export class AssetAudit {
  readonly #totals = new Map<string, AssetTotal>();

  addAsset(tenant: TenantId, asset: AssetCode): void {
    this.#total(tenant, asset).isRegistered = true;
  }

  addBalance(tenant: TenantId, { asset, posted }: Balance): void {
    const total = this.#total(tenant, asset);
    total.sum += posted;
    total.balances++;
  }

  #total(tenant: TenantId, asset: AssetCode): AssetTotal {
    const key = `${tenant} ${asset}`;
    const known = this.#totals.get(key);
    if (known) return known;
    const total = { tenant, asset, sum: 0n, balances: 0, isRegistered: false };
    this.#totals.set(key, total);
    return total;
  }

  /** What does not add up, when all balances have been added. */
  findings(): AuditFinding[] {
    return [...this.#totals.values()].flatMap(({ tenant, asset, sum, balances, isRegistered }) => {
      const findings: AuditFinding[] = [];
      const about = { tenant, subject: asset };
      if (sum !== 0n) {
        findings.push({ kind: 'unbalanced_asset', ...about, detail: `its ${balances} balances sum to ${sum}` });
      }
      if (!isRegistered) findings.push({ kind: 'unknown_asset', ...about, detail: `it has ${balances} balances` });
      return findings;
    });
  }
}
