import { randomUUID } from 'node:crypto';
import type { ApiAnswer, ApiClient } from '../support/api-client.ts';

export const asset = 'USD/2';
export const bank = 'bank';
const respondAsync = { prefer: 'respond-async' };

/** A movement, as it is asked for over the API. */
export interface Movement {
  readonly source: string;
  readonly destination: string;
  readonly amount: number;
}

/** What a client asks for. */
export type Wish =
  | { readonly kind: 'transfer'; readonly isAsync: boolean; readonly movement: Movement }
  /** Asynchronous always: only then the answer names the batch itself. */
  | { readonly kind: 'batch'; readonly isAsync: true; readonly movements: readonly Movement[] }
  | { readonly kind: 'hold'; readonly reservation: { readonly account: string; readonly amount: number } };

/** What came of a wish. */
export interface Granted {
  readonly wish: Wish;
  readonly key: string;
  /** The id of the key's own record: of the transaction, the batch or the hold's making. */
  readonly record: string;
  /** Of a batch: the records of its transactions. */
  readonly members: readonly string[];
}

/** All that was ever asked of a ledger, and in which order each client was told that it was accepted. */
export class Load {
  readonly granted: Granted[] = [];
  readonly #orders: Granted[][] = [];

  /** For each client: what it was told `202` for, one after the other. */
  get orders(): readonly (readonly Granted[])[] {
    return this.#orders;
  }

  /** Accounts with money, all of it from the bank. */
  async prepare(api: ApiClient, accounts: readonly string[], funds: number): Promise<void> {
    await api.settle('/v1/assets', { code: asset });
    await api.settle('/v1/accounts', { id: bank, unbounded: true });
    await each(accounts, async (id) => {
      await api.settle('/v1/accounts', { id });
      if (funds === 0) return;
      await this.grant(api, {
        kind: 'transfer',
        isAsync: false,
        movement: { source: bank, destination: id, amount: funds },
      });
    });
  }

  /** Clients, each of which asks for one thing after the other, until each has its final answer, whatever comes between. */
  async run(api: ApiClient, clients: readonly (readonly Wish[])[], answered: () => void = () => {}): Promise<void> {
    await Promise.all(
      clients.map(async (wishes) => {
        const order: Granted[] = [];
        this.#orders.push(order);
        for (const wish of wishes) {
          const granted = await this.grant(api, wish);
          if (wish.kind !== 'hold' && wish.isAsync) order.push(granted);
          answered();
        }
      }),
    );
  }

  /** Asks until there is a final answer, with one key. @throws where it was refused */
  async grant(api: ApiClient, wish: Wish, key: string = randomUUID()): Promise<Granted> {
    const { path, body, headers } = requestOf(wish);
    const answer = await api.settle(path, body, key, headers);
    if (answer.status >= 300) throw new Error(`${path} answered ${answer.status}: ${answer.text}`);
    const granted = { wish, key, ...recordsOf(wish, answer) };
    this.granted.push(granted);
    return granted;
  }

  /** Something that the load has not asked for itself, such as another try of what had failed. */
  add(granted: Granted): void {
    this.granted.push(granted);
  }
}

export function transferAsync(source: string, destination: string, amount = 1): Wish {
  return { kind: 'transfer', isAsync: true, movement: { source, destination, amount } };
}

export function movementsOf(wish: Wish): readonly Movement[] {
  if (wish.kind === 'hold') return [];
  return wish.kind === 'batch' ? wish.movements : [wish.movement];
}

function requestOf(wish: Wish): { path: string; body: unknown; headers: Record<string, string> } {
  if (wish.kind === 'hold') return { path: '/v1/holds', body: { ...wish.reservation, asset }, headers: {} };
  const headers = wish.isAsync ? respondAsync : {};
  if (wish.kind === 'transfer') return { path: '/v1/transfers', body: { ...wish.movement, asset }, headers };
  const transactions = wish.movements.map((movement) => ({ postings: [{ ...movement, asset }] }));
  return { path: '/v1/batches', body: { transactions }, headers };
}

function recordsOf(wish: Wish, { body }: ApiAnswer): Pick<Granted, 'record' | 'members'> {
  const members = wish.kind === 'batch' ? (body.transactions as (string | { id: string })[]) : [];
  return {
    record: recordOf(body.id),
    members: members.map((member) => recordOf(typeof member === 'string' ? member : member.id)),
  };
}

/** What stands behind the prefix of an id is the id of the record. */
export function recordOf(id: string): string {
  return id.slice(id.indexOf('_') + 1);
}

/** A few at once: enough to be quick, and few enough to be answered. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
    }),
  );
}
