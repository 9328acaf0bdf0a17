import { TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { AppliedKey } from '../dynamodb/index.ts';
import { ifAbsent } from '../dynamodb/items/keys.ts';
import { rememberKey, wasKeyApplied } from '../dynamodb/items/keys-applied.ts';
import type { BalanceReader } from '../dynamodb/readers/balance-reader.ts';
import { Patience } from '../dynamodb/table/patience.ts';
import { asUnknown, insistently, type WriteResult } from '../dynamodb/table/single-write.ts';
import {
  type BalanceMonitor,
  changeMonitor,
  type MonitorId,
  type MonitorPatch,
  monitorStateAt,
  type Threshold,
  watchedAmount,
} from '../ledger/balance-monitor.ts';
import { type AccountId, type AssetCode, type BalanceTotal, LedgerError, type TenantId } from '../ledger/index.ts';
import { balanceUnchanged } from './balance-check.ts';
import { deletedMonitorKey, monitorKey, monitorPartition, monitorPrefix } from './keys.ts';
import { maxMonitorsPerAccount } from './limits.ts';
import { monitorIdOf, monitorItem, parseDeletion, parseMonitor, type StoredMonitor } from './monitor-item.ts';
import { failuresOf, replaceMonitor } from './monitor-write.ts';
import type { PlatformTable } from './platform-table.ts';

type Actions = NonNullable<TransactWriteCommandInput['TransactItems']>;

/** Attempts of a change against others of the same monitor and its balance, and the time they have in milliseconds. */
const maxAttempts = 8;
const changeTimeoutMs = 6_000;

export interface MonitorStoreOptions {
  readonly platform: PlatformTable;
  /** The Ledger table's name. */
  readonly ledgerTable: string;
  readonly balances: Pick<BalanceReader, 'get'>;
}

export interface CreateMonitor {
  readonly tenant: TenantId;
  readonly account: AccountId;
  readonly asset: AssetCode;
  readonly threshold: Threshold;
  readonly description?: string | undefined;
  readonly keyApplied: AppliedKey;
}

export interface ChangeOfMonitor {
  readonly tenant: TenantId;
  readonly account: AccountId;
  readonly id: MonitorId;
  readonly keyApplied: AppliedKey;
}

/**
 * The balance monitors of accounts. A monitor is made, and given another threshold, in the state that its balance is in at
 * that very moment: whatever changes the balance afterwards has an event that comes afterwards, and so is looked at.
 */
export class MonitorStore {
  readonly #platform: PlatformTable;
  readonly #ledgerTable: string;
  readonly #balances: Pick<BalanceReader, 'get'>;

  constructor({ platform, ledgerTable, balances }: MonitorStoreOptions) {
    this.#platform = platform;
    this.#ledgerTable = ledgerTable;
    this.#balances = balances;
  }

  /** All monitors of an account, oldest first; one consistent Query. @throws LedgerError `unavailable` */
  async all(tenant: TenantId, account: AccountId): Promise<StoredMonitor[]> {
    const rows = await this.#platform.reader.queryAll({
      KeyConditionExpression: 'PK = :pk AND begins_with(SK, :prefix)',
      ExpressionAttributeValues: { ':pk': monitorPartition(tenant, account), ':prefix': monitorPrefix },
    });
    const monitors = rows.map(parseMonitor);
    return monitors.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  }

  /** @throws LedgerError `not_found`, `unavailable` */
  async get(tenant: TenantId, account: AccountId, id: MonitorId): Promise<StoredMonitor> {
    const row = await this.#platform.reader.get(monitorKey(tenant, account, id));
    if (!row) throw notFound(id);
    return parseMonitor(row);
  }

  /**
   * Makes a monitor, once under its idempotency key. Two made at the same moment may be one more than an account may have.
   *
   * @throws LedgerError `not_found` where there is no such account, or where the key made one that is deleted since,
   * `asset_not_found`, `already_exists` where there are as many as may be, `idempotency_key_reused`, `contention`, `unavailable`, `outcome_unknown`
   */
  async create({ tenant, account, asset, threshold, description, keyApplied }: CreateMonitor): Promise<BalanceMonitor> {
    const id = monitorIdOf(tenant, account, keyApplied);
    return this.#persist(id, async () => {
      const existing = await this.all(tenant, account);
      const made = existing.find((monitor) => monitor.id === id);
      if (made && wasKeyApplied(made.keysApplied, keyApplied)) return { monitor: made };
      if (existing.length >= maxMonitorsPerAccount) {
        throw new LedgerError('already_exists', `the account has ${maxMonitorsPerAccount} monitors, as many as it may`);
      }
      const balance = await this.#balance(tenant, account, asset);
      const monitor: StoredMonitor = {
        id,
        account,
        asset,
        threshold,
        ...(description !== undefined && { description }),
        state: monitorStateAt(threshold, watchedAmount(balance)),
        crossings: 0,
        createdAt: this.#platform.clock.now(),
        version: 1,
        keysApplied: [keyApplied],
      };
      const TableName = this.#platform.name;
      const notDeleted = {
        Key: deletedMonitorKey(tenant, account, id),
        ConditionExpression: 'attribute_not_exists(PK)',
      };
      const { refusal, isInDoubt } = await this.#write([
        { Put: { TableName, Item: monitorItem(tenant, monitor), ...ifAbsent } },
        { ConditionCheck: { TableName, ...notDeleted } },
        ...balanceUnchanged(this.#ledgerTable, tenant, balance),
      ]);
      if (!refusal) return { monitor };
      if (failuresOf(refusal)[1]?.kind === 'condition') throw notFound(id);
      return { isInDoubt };
    });
  }

  /**
   * Changes a monitor, once under its idempotency key.
   *
   * @throws LedgerError `not_found`, `idempotency_key_reused`, `contention`, `unavailable`, `outcome_unknown`
   */
  async change({ tenant, account, id, keyApplied }: ChangeOfMonitor, patch: MonitorPatch): Promise<BalanceMonitor> {
    return this.#persist(id, async () => {
      const stored = await this.get(tenant, account, id);
      if (wasKeyApplied(stored.keysApplied, keyApplied)) return { monitor: stored };
      const balance = await this.#balance(tenant, account, stored.asset);
      const monitor: StoredMonitor = {
        ...changeMonitor(stored, patch, watchedAmount(balance)),
        keysApplied: rememberKey(stored.keysApplied, keyApplied),
      };
      const { refusal, isInDoubt } = await this.#write([
        replaceMonitor(this.#platform.name, tenant, stored, monitor),
        ...(patch.threshold ? balanceUnchanged(this.#ledgerTable, tenant, balance) : []),
      ]);
      if (!refusal) return { monitor };
      failuresOf(refusal);
      return { isInDoubt };
    });
  }

  /**
   * Deletes a monitor; which key did it is kept for good, so that the monitor's events are never counted anew.
   *
   * @throws LedgerError `not_found`, `contention`, `unavailable`, `outcome_unknown`
   */
  async delete({ tenant, account, id, keyApplied }: ChangeOfMonitor): Promise<void> {
    const TableName = this.#platform.name;
    const deletedKey = deletedMonitorKey(tenant, account, id);
    const { refusal, isInDoubt } = await this.#write([
      {
        Delete: {
          TableName,
          Key: monitorKey(tenant, account, id),
          ConditionExpression: 'attribute_exists(PK)',
        },
      },
      { Put: { TableName, Item: { ...deletedKey, keyApplied } } },
    ]);
    if (!refusal) return;
    await whereInDoubt(isInDoubt, async () => {
      const deleted = await this.#platform.reader.get(deletedKey);
      if (deleted && wasKeyApplied([parseDeletion(deleted)], keyApplied)) return;
      const [failure] = failuresOf(refusal);
      if (failure?.kind === 'condition') throw notFound(id);
      throw new LedgerError('contention', `monitor ${id} is being changed by others`);
    });
  }

  /** Tries until somebody has made what is wanted, or time is over. */
  async #persist(id: MonitorId, attempt: () => Promise<Tried>): Promise<BalanceMonitor> {
    const patience = new Patience(this.#platform.clock, changeTimeoutMs);
    let isInDoubt = false;
    for (let count = 1; count <= maxAttempts && !patience.isOver; count++) {
      const result: Tried = await whereInDoubt(isInDoubt, attempt);
      if (result.monitor) return withoutKeys(result.monitor);
      // What was sent may still be on its way, whatever later tries come to.
      isInDoubt ||= result.isInDoubt === true;
      await patience.pause(count);
    }
    const code = isInDoubt ? 'outcome_unknown' : 'contention';
    throw new LedgerError(code, `monitor ${id} or its balance is being changed by others`);
  }

  #write(actions: Actions): Promise<WriteResult> {
    return insistently(this.#platform.clock, (requestTimeout) =>
      this.#platform.client.send(new TransactWriteCommand({ TransactItems: actions }), { requestTimeout }),
    );
  }

  async #balance(tenant: TenantId, account: AccountId, asset: AssetCode): Promise<BalanceTotal> {
    try {
      return await this.#balances.get(tenant, account, asset);
    } catch (error) {
      // The account is in the path, and the asset in the body.
      const isOfAsset = error instanceof LedgerError && error.code === 'not_found' && error.evidence.asset === asset;
      throw isOfAsset ? new LedgerError('asset_not_found', error.message, error.evidence) : error;
    }
  }
}

/** What became of one attempt: the monitor as it is wanted, or another attempt is worth it. */
interface Tried {
  readonly monitor?: StoredMonitor;
  readonly isInDoubt?: boolean;
}

/** Does what follows a write; where its answer was lost, no error of that says that nothing was done. */
async function whereInDoubt<T>(isInDoubt: boolean, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isInDoubt ? asUnknown(error, 'the answer to a change of a monitor was lost') : error;
  }
}

function withoutKeys({ keysApplied: _, ...monitor }: StoredMonitor): BalanceMonitor {
  return monitor;
}

function notFound(id: MonitorId): LedgerError {
  return new LedgerError('not_found', `there is no monitor ${id}`);
}
