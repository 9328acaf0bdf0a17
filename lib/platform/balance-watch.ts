import { randomBytes } from 'node:crypto';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { Cause } from '../dynamodb/index.ts';
import { putChange } from '../dynamodb/items/change-record-item.ts';
import type { BalanceReader } from '../dynamodb/readers/balance-reader.ts';
import { Patience } from '../dynamodb/table/patience.ts';
import { insistently } from '../dynamodb/table/single-write.ts';
import { type BalanceMonitor, lookAt, watchedAmount } from '../ledger/balance-monitor.ts';
import { type ChangeRecord, changeRecord } from '../ledger/change-record.ts';
import {
  type AccountId,
  type AssetCode,
  type BalanceTotal,
  formatAmount,
  LedgerError,
  type TenantId,
} from '../ledger/index.ts';
import { balanceUnchanged } from './balance-check.ts';
import { monitorKey } from './keys.ts';
import { parseMonitor, type StoredMonitor } from './monitor-item.ts';
import type { MonitorStore } from './monitor-store.ts';
import { failuresOf, replaceMonitor } from './monitor-write.ts';
import type { PlatformTable } from './platform-table.ts';

const maxAttempts = 6;
const lookTimeoutMs = 6_000;

/**
 * Looks that insist on the balance being as it was read. One that moves faster than that has further events behind this
 * one, each with a look of its own, so what is seen then needs not be the last that there is to see.
 */
const exactAttempts = 3;

const saltBytes = 16;

export interface BalanceWatchOptions {
  readonly platform: PlatformTable;
  /** The Ledger table's name. */
  readonly ledgerTable: string;
  readonly balances: Pick<BalanceReader, 'get'>;
  readonly monitors: Pick<MonitorStore, 'all'>;
}

/** Which assets of an account an event may have changed the balances of; all of them where it does not say. */
export type Touched = ReadonlySet<AssetCode> | 'all';

/** A monitor's change of state. */
interface Flip {
  readonly tenant: TenantId;
  readonly before: StoredMonitor;
  readonly after: StoredMonitor;
  /** As it was read. */
  readonly balance: BalanceTotal;
  /** Whether the balance must still be so. */
  readonly isExact: boolean;
  readonly cause: Cause;
}

/**
 * Looks at balances and tells the monitors. A monitor changes its state in one write with the record of the change that is
 * its event, on the condition that it is as it was read: so a crossing is one event however often one looks. That write
 * also asks that the balance be as it was read, so that no look that was overtaken leaves a monitor in a wrong state.
 */
export class BalanceWatch {
  readonly #options: BalanceWatchOptions;

  constructor(options: BalanceWatchOptions) {
    this.#options = options;
  }

  /**
   * Looks at what an account has of some assets, as far as they are monitored: one consistent Query where none is.
   *
   * @returns how many thresholds were found crossed
   * @throws LedgerError `contention`, `unavailable`, `outcome_unknown`: then it is to be looked at again
   */
  async look(tenant: TenantId, account: AccountId, touched: Touched, cause: Cause): Promise<number> {
    const { balances, monitors } = this.#options;
    const watching = (await monitors.all(tenant, account)).filter(
      ({ asset }) => touched === 'all' || touched.has(asset),
    );
    let crossings = 0;
    for (const [asset, ofAsset] of Map.groupBy(watching, (monitor) => monitor.asset)) {
      const balance = await balances.get(tenant, account, asset);
      for (const monitor of ofAsset) crossings += await this.#tell(tenant, monitor, balance, cause);
    }
    return crossings;
  }

  /** @returns 1 where the monitor's threshold was found crossed, else 0 */
  async #tell(tenant: TenantId, found: StoredMonitor, seen: BalanceTotal, cause: Cause): Promise<0 | 1> {
    const { platform, balances } = this.#options;
    const patience = new Patience(platform.clock, lookTimeoutMs);
    let monitor = found;
    let balance = seen;
    for (let attempt = 1; attempt <= maxAttempts && !patience.isOver; attempt++) {
      const next = lookAt(monitor, watchedAmount(balance), platform.clock.now());
      if (next === monitor) return 0;
      const isCrossing = next.state === 'crossed';
      const isExact = attempt <= exactAttempts;
      const after = { ...next, keysApplied: monitor.keysApplied };
      if (await this.#write({ tenant, before: monitor, after, balance, isExact, cause })) return isCrossing ? 1 : 0;
      await patience.pause(attempt);
      const row = await platform.reader.get(monitorKey(tenant, monitor.account, monitor.id));
      if (!row) return 0;
      monitor = parseMonitor(row);
      balance = await balances.get(tenant, monitor.account, monitor.asset);
    }
    throw new LedgerError('contention', `monitor ${found.id} or its balance is being changed by others`);
  }

  /** @returns whether it was written */
  async #write({ tenant, before, after, balance, isExact, cause }: Flip): Promise<boolean> {
    const { platform, ledgerTable } = this.#options;
    const actions = [
      replaceMonitor(platform.name, tenant, before, after),
      ...(isExact ? balanceUnchanged(ledgerTable, tenant, balance) : []),
      ...(after.state === 'crossed' ? [putChange(ledgerTable, tenant, crossing(tenant, after, balance), cause)] : []),
    ];
    const { refusal } = await insistently(platform.clock, (requestTimeout) =>
      platform.client.send(new TransactWriteCommand({ TransactItems: actions }), { requestTimeout }),
    );
    if (refusal) failuresOf(refusal);
    return !refusal;
  }
}

/** The change that is the event of a crossing: the monitor's next one. */
function crossing(tenant: TenantId, monitor: BalanceMonitor, balance: BalanceTotal): ChangeRecord {
  const { id, account, asset, threshold, crossings, crossedAt = 0, description } = monitor;
  const { side, amount } = threshold;
  return changeRecord(tenant, {
    type: side === 'below' ? 'balance.low' : 'balance.high',
    subject: `monitor/${id}`,
    number: crossings,
    createdAt: crossedAt,
    content: {
      monitor: id,
      account,
      asset,
      [side]: formatAmount(amount),
      available: formatAmount(watchedAmount(balance)),
      balanceVersion: String(balance.version),
    },
    ...(description !== undefined && { details: { description } }),
    salt: randomBytes(saltBytes).toString('base64url'),
  });
}
