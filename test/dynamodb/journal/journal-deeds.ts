import { randomUUID } from 'node:crypto';
import type { Ledger } from '../../../lib/dynamodb/index.ts';
import {
  type AccountId,
  type AssetCode,
  type Command,
  captureHold,
  createHold,
  type HoldId,
  type PostTransaction,
  postBatch,
  postTransaction,
  reverseTransaction,
  type TenantId,
  type TransactionId,
  voidHold,
} from '../../../lib/ledger/index.ts';

const usd = 'USD/2' as AssetCode;
const timeMs = 20_000;
const world = 'world';

/** What is done in a run; whatever does not apply (nothing was held yet, too little is there) does nothing, or is rejected. */
export type Deed =
  | { readonly kind: 'transfer'; readonly source: string; readonly destination: string; readonly amount: bigint }
  | { readonly kind: 'batch'; readonly accounts: readonly string[] }
  | { readonly kind: 'hold'; readonly account: string; readonly amount: bigint }
  | { readonly kind: 'capture'; readonly which: number; readonly destination: string; readonly isFinal: boolean }
  | { readonly kind: 'void'; readonly which: number }
  | { readonly kind: 'reverse'; readonly which: number }
  | { readonly kind: 'change'; readonly account: string };

/** A tenant with a few accounts, and everything that was done there. */
export class Doing {
  readonly tenant: TenantId;
  readonly #ledger: Ledger;
  readonly #holds: HoldId[] = [];
  readonly #posted: TransactionId[] = [];
  /** The partitions of what the journal has to take up, in order of time. */
  readonly partitions: string[] = [];

  constructor(ledger: Ledger, tenant: string) {
    this.#ledger = ledger;
    this.tenant = tenant as TenantId;
  }

  static async begin(ledger: Ledger, tenant: string, accounts: readonly string[]): Promise<Doing> {
    const doing = new Doing(ledger, tenant);
    const { assets } = ledger;
    await assets.create({ tenant: doing.tenant, code: usd, keyApplied: { mark: 'usd', requestHash: '' } });
    for (const id of [world, ...accounts]) {
      await ledger.accounts.create({
        tenant: doing.tenant,
        id: id as AccountId,
        unbounded: id === world || id.startsWith('spread'),
        ...(id.startsWith('spread') && { shards: 3 }),
        floors: new Map(),
        metadata: {},
        keyApplied: { mark: id, requestHash: '' },
      });
    }
    for (const id of accounts) await doing.do({ kind: 'transfer', source: world, destination: id, amount: 1_000n });
    return doing;
  }

  async do(deed: Deed): Promise<void> {
    if (deed.kind === 'change') return this.#change(deed.account);
    const command = this.#commandOf(deed);
    if (!command) return;
    const outcome = await this.#ledger.execute(command, timeMs);
    if (outcome.kind === 'refused') return;
    if (outcome.kind !== 'settled') throw new Error(`${deed.kind}: ${JSON.stringify(outcome)}`);
    this.#note(command.record);
    const { result } = outcome;
    if (result.kind === 'hold' && deed.kind === 'hold') this.#holds.push(result.hold.id);
    if (result.kind === 'transaction' && result.transaction.status === 'posted')
      this.#posted.push(result.transaction.id);
    if (result.kind === 'batch') {
      for (const id of result.transactions) this.#note(id.slice(3));
      this.#posted.push(...result.transactions);
    }
  }

  #commandOf(deed: Exclude<Deed, { readonly kind: 'change' }>): Command | undefined {
    const { tenant } = this;
    const base = { tenant, key: randomUUID() };
    switch (deed.kind) {
      case 'transfer':
        return this.#transfer(deed.source, deed.destination, deed.amount);
      case 'batch':
        return postBatch({
          ...base,
          transactions: deed.accounts.map((id) => ({
            type: 'transfer',
            postings: [{ source: world as AccountId, destination: id as AccountId, asset: usd, amount: 1n }],
          })),
        });
      case 'hold':
        return createHold({
          ...base,
          account: deed.account as AccountId,
          asset: usd,
          amount: deed.amount,
          description: 'Room',
        });
      case 'capture': {
        const holdId = this.#holds.at(deed.which % (this.#holds.length || 1));
        const destination = deed.destination as AccountId;
        return holdId && captureHold({ ...base, holdId, destination, amount: 1n, final: deed.isFinal });
      }
      case 'void': {
        const holdId = this.#holds.at(deed.which % (this.#holds.length || 1));
        return holdId && voidHold({ ...base, holdId });
      }
      case 'reverse': {
        const reverses = this.#posted.at(deed.which % this.#posted.length);
        return reverses && reverseTransaction({ ...base, reverses, amount: 1n });
      }
    }
  }

  #transfer(source: string, destination: string, amount: bigint): PostTransaction {
    const posting = { source: source as AccountId, destination: destination as AccountId, asset: usd, amount };
    return postTransaction({
      tenant: this.tenant,
      key: randomUUID(),
      operation: 'createTransfer',
      type: 'transfer',
      postings: [posting],
    });
  }

  async #change(id: string): Promise<void> {
    const patch = { metadata: { change: randomUUID() } };
    const keyApplied = { mark: randomUUID(), requestHash: '' };
    await this.#ledger.accounts.update({ tenant: this.tenant, id: id as AccountId, patch, keyApplied });
  }

  #note(record: string): void {
    this.partitions.push(`T#${this.tenant}#X#${record}`);
  }
}
