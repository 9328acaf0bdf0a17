import { randomUUID } from 'node:crypto';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { parseChange } from '../../lib/dynamodb/items/change-record-item.ts';
import type { Threshold } from '../../lib/ledger/balance-monitor.ts';
import type { ChangeRecord } from '../../lib/ledger/change-record.ts';
import { BalanceWatch } from '../../lib/platform/balance-watch.ts';
import { type CreateMonitor, MonitorStore } from '../../lib/platform/monitor-store.ts';
import { openPlatformTable, type PlatformTable } from '../../lib/platform/platform-table.ts';
import { account, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';
import { type CallWatch, watchedTable } from './watched-table.ts';

/** A ledger with monitors of its balances. */
export interface MonitorFixture {
  readonly ledger: LedgerFixture;
  readonly platform: PlatformTable;
  readonly store: MonitorStore;
  readonly watch: BalanceWatch;
  /** The same as another process would have them, whose calls to the Platform table's client are watched. */
  watched(watch: CallWatch): { store: MonitorStore; watch: BalanceWatch };
  /** What a request would say that makes a monitor of USD on an account. */
  request(id: string, threshold: Threshold, rest?: Partial<CreateMonitor>): CreateMonitor;
  /** Gives an account so much, or takes it. */
  move(id: string, amount: bigint): Promise<void>;
  look(id: string): Promise<number>;
  /** The events of the monitors of an account, in the order of their numbers. */
  crossings(id: string): Promise<ChangeRecord[]>;
  stop(): Promise<void>;
}

export async function startMonitors(): Promise<MonitorFixture> {
  const ledger = await startLedger();
  const { tables, endpoint, client } = ledger.database;
  const platform = openPlatformTable({ table: tables.platform, endpoint });
  const { balances } = ledger.ledger;
  const over = (table: PlatformTable) => {
    const store = new MonitorStore({ platform: table, ledgerTable: tables.ledger, balances });
    return {
      store,
      watch: new BalanceWatch({ platform: table, ledgerTable: tables.ledger, balances, monitors: store }),
    };
  };
  const own = over(platform);
  return {
    ledger,
    platform,
    ...own,
    watched: (watch) => over(watchedTable(platform, watch)),
    request: (id, threshold, rest = {}) => ({
      tenant,
      account: account(id),
      asset: usd,
      threshold,
      keyApplied: { mark: randomUUID(), requestHash: 'hash' },
      ...rest,
    }),
    async move(id, amount) {
      const command = amount > 0n ? transfer('world', id, amount) : transfer(id, 'world', -amount);
      const outcome = await ledger.ledger.post(command, 5_000);
      if (outcome.kind !== 'settled' || outcome.transaction.status !== 'posted') {
        throw new Error(`could not move ${amount}: ${outcome.kind}`);
      }
    },
    look: (id) => own.watch.look(tenant, account(id), new Set([usd]), { correlationId: 'c-1' }),
    async crossings(id) {
      const { Items = [] } = await client.send(
        new ScanCommand({
          TableName: tables.ledger,
          ConsistentRead: true,
          FilterExpression: 'SK = :change',
          ExpressionAttributeValues: { ':change': { S: 'CHANGE' } },
        }),
      );
      return Items.map((item) => parseChange(unmarshall(item, { wrapNumbers: BigInt })).change)
        .filter(({ content, type }) => type.startsWith('balance.') && content.account === id)
        .sort((a, b) => a.number - b.number);
    },
    async stop() {
      platform.client.destroy();
      await ledger.stop();
    },
  };
}
