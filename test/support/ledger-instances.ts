import type { Ledger } from '../../lib/dynamodb/index.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { type LedgerFixture, startLedger } from './ledger-fixture.ts';

/** Several instances on one table, as several functions at once, and a proxy in front of the database for others. */
export interface LedgerInstances {
  readonly books: LedgerFixture;
  readonly proxy: FaultProxy;
  /** The fixture's own first. */
  readonly instances: readonly Ledger[];
  stop(): Promise<void>;
}

export async function startLedgerInstances(count: number): Promise<LedgerInstances> {
  const books = await startLedger();
  const proxy = await startFaultProxy({ target: books.database.endpoint });
  const others = Array.from({ length: count - 1 }, () => books.open());
  return {
    books,
    proxy,
    instances: [books.ledger, ...others],
    async stop() {
      for (const ledger of others) ledger.client.destroy();
      await proxy.stop();
      await books.stop();
    },
  };
}
