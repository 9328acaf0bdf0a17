import { randomUUID } from 'node:crypto';
import { Ledger, type LedgerOptions } from '../../lib/dynamodb/index.ts';
import {
  type AccountId,
  type AssetCode,
  type PostTransaction,
  type PostTransactionRequest,
  parseAccountId,
  parseAssetCode,
  parseTenantId,
  postTransaction,
  type TenantId,
} from '../../lib/ledger/index.ts';
import { type Audit, audit, readTable } from './books.ts';
import { startDatabase, type TestDatabase } from './dynoxide.ts';

export const tenant = parseTenantId('default') as TenantId;
export const usd = asset('USD/2');

export function account(text: string): AccountId {
  const id = parseAccountId(text);
  if (!id) throw new Error(`not an account: ${text}`);
  return id;
}

export function asset(text: string): AssetCode {
  const code = parseAssetCode(text);
  if (!code) throw new Error(`not an asset: ${text}`);
  return code;
}

/** A transfer command with a key of its own unless one is given. */
export function transfer(
  source: string,
  destination: string,
  amount: bigint | number,
  rest: Partial<PostTransactionRequest> = {},
): PostTransaction {
  return postTransaction({
    tenant,
    key: randomUUID(),
    operation: 'createTransfer',
    type: 'transfer',
    postings: [{ source: account(source), destination: account(destination), asset: usd, amount: BigInt(amount) }],
    ...rest,
  });
}

/** A ledger on a database of its own, with USD/2 and an unbounded `world`. */
export interface LedgerFixture {
  readonly database: TestDatabase;
  readonly ledger: Ledger;
  /** Another instance on the same table, which remembers nothing. */
  open(options?: Partial<LedgerOptions>): Ledger;
  createAccount(
    id: string,
    options?: { floor?: bigint; unbounded?: boolean; shards?: number; funds?: bigint },
  ): Promise<void>;
  audit(): Promise<Audit>;
  stop(): Promise<void>;
}

export async function startLedger(): Promise<LedgerFixture> {
  const database = await startDatabase();
  const open = (options: Partial<LedgerOptions> = {}) =>
    new Ledger({ table: database.tables.ledger, endpoint: database.endpoint, ...options });
  const ledger = open();
  await ledger.assets.create({ tenant, code: usd, keyApplied: { mark: 'usd', requestHash: '' } });
  const fixture: LedgerFixture = {
    database,
    ledger,
    open,
    async createAccount(id, { floor = 0n, unbounded = false, shards = 1, funds = 0n } = {}) {
      await ledger.accounts.create({
        tenant,
        id: account(id),
        unbounded,
        shards,
        floors: new Map(floor === 0n ? [] : [[usd, floor]]),
        metadata: {},
        keyApplied: { mark: id, requestHash: '' },
      });
      if (funds === 0n) return;
      const outcome = await ledger.post(transfer('world', id, funds), 5_000);
      if (outcome.kind !== 'settled') throw new Error(`could not fund ${id}: ${JSON.stringify(outcome)}`);
    },
    async audit() {
      return audit(await readTable(database.client, database.tables.ledger));
    },
    async stop() {
      ledger.client.destroy();
      await database.stop();
    },
  };
  await fixture.createAccount('world', { unbounded: true });
  return fixture;
}
