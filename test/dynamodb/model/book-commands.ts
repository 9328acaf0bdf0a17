import { expect } from '@jest/globals';
import fc from 'fast-check';
import type { Ledger } from '../../../lib/dynamodb/index.ts';
import type { BookClient } from './book-client.ts';
import { BookModel, type ModelAccount, type ModelCapture, type ModelRequest, textOf } from './book-model.ts';
import { type Deed, explain } from './serial-order.ts';

export const assets = ['USD/2', 'GOLD'];
export const openingAccounts: ReadonlyMap<string, ModelAccount> = new Map<string, ModelAccount>([
  ['world', { status: 'active', floor: null }],
  ['alice', { status: 'active', floor: 0n }],
  ['bob', { status: 'active', floor: 0n, limit: { amount: 200n, count: 2 } }],
  ['carol', { status: 'active', floor: 0n }],
  ['credit', { status: 'active', floor: -40n }],
  ['spread', { status: 'active', floor: null, shards: 3 }],
  ['fees', { status: 'active', floor: null }],
]);
/** Created in the course of a run, or never. */
const lateAccount = 'late';

/** What the model knows, and what was asked so far. */
export interface Expected {
  books: BookModel;
  readonly asked: ModelRequest[];
}

/** The ledger's instances on one table; each has a memory of its own. */
export interface Actual {
  readonly client: BookClient;
  readonly instances: Ledger[];
  /** Replaces an instance by one that remembers nothing. */
  reopen(index: number): void;
}

export function openModel(): Expected {
  const books = new BookModel(new Set(assets));
  for (const [id, account] of openingAccounts) books.accounts.set(id, account);
  return { books, asked: [] };
}

type Step = fc.AsyncCommand<Expected, Actual>;

/** One thing to do: a new request, an earlier one again (perhaps with another body), or a change of an account. */
type Plan =
  | ({ readonly kind: 'new' } & Omit<ModelRequest, 'key'>)
  | {
      readonly kind: 'reverse';
      readonly which: number;
      readonly amount?: bigint | undefined;
      readonly mayOverdraw: boolean;
    }
  | {
      /** Captures a part of what some request held, or ends it. */
      readonly kind: 'unhold';
      readonly which: number;
      readonly capture?: {
        readonly destination: string;
        readonly amount?: bigint | undefined;
        readonly final: boolean;
      };
    }
  | { readonly kind: 'again'; readonly which: number; readonly isOther: boolean }
  | { readonly kind: 'change'; readonly account: string; readonly change: Partial<ModelAccount> };

// Few accounts and one asset mostly, so that what is done on different instances meets.
const anyAccount = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('world', 'alice', 'bob') },
  { weight: 6, arbitrary: fc.constantFrom('carol', 'credit', 'spread', 'spread') },
  { weight: 1, arbitrary: fc.constant(lateAccount) },
);
const anyPosting = fc
  .record({
    source: anyAccount,
    destination: anyAccount,
    asset: fc.oneof(
      { weight: 10, arbitrary: fc.constant('USD/2') },
      { weight: 3, arbitrary: fc.constant('GOLD') },
      { weight: 1, arbitrary: fc.constant('XAU') },
    ),
    amount: fc.oneof(fc.bigInt(1n, 60n), fc.bigInt(60n, 150n)),
  })
  .filter(({ source, destination }) => source !== destination);
const anyNew: fc.Arbitrary<Plan> = fc
  .record({
    kind: fc.constant('new' as const),
    postings: fc.oneof(
      { weight: 3, arbitrary: fc.tuple(anyPosting) },
      { weight: 1, arbitrary: fc.array(anyPosting, { minLength: 2, maxLength: 16 }) },
    ),
    description: fc.constantFrom('', 'Lunch'),
    isTaxed: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  })
  .map(({ isTaxed, ...request }) => ({ ...request, ...(isTaxed && { type: 'taxed' as const }) }));
const anyBatch: fc.Arbitrary<Plan> = fc.record({
  kind: fc.constant('new' as const),
  postings: fc.constant([]),
  members: fc.array(fc.array(anyPosting, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 }),
  description: fc.constantFrom('', 'Wages'),
});
const anyReversal: fc.Arbitrary<Plan> = fc.record({
  kind: fc.constant('reverse' as const),
  which: fc.nat({ max: 60 }),
  amount: fc.option(fc.bigInt(1n, 60n), { nil: undefined }),
  mayOverdraw: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});
const anyHold: fc.Arbitrary<Plan> = fc.record({
  kind: fc.constant('new' as const),
  postings: fc.constant([]),
  hold: fc.record({
    account: anyAccount,
    asset: fc.oneof({ weight: 8, arbitrary: fc.constant('USD/2') }, { weight: 1, arbitrary: fc.constant('XAU') }),
    amount: fc.bigInt(1n, 80n),
  }),
  description: fc.constantFrom('', 'Room 7'),
});
const anyUnhold: fc.Arbitrary<Plan> = fc.record(
  {
    kind: fc.constant('unhold' as const),
    which: fc.nat({ max: 60 }),
    capture: fc.record(
      { destination: anyAccount, amount: fc.bigInt(1n, 50n), final: fc.boolean() },
      { requiredKeys: ['destination', 'final'] },
    ),
  },
  { requiredKeys: ['kind', 'which'] },
);
const anyAgain: fc.Arbitrary<Plan> = fc.record({
  kind: fc.constant('again'),
  which: fc.nat({ max: 30 }),
  isOther: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});
const anyChange: fc.Arbitrary<Plan> = fc.oneof(
  fc.record({
    kind: fc.constant('change' as const),
    account: fc.constantFrom('alice', 'bob', 'credit', 'spread'),
    change: fc.record(
      { status: fc.constantFrom('active' as const, 'frozen' as const), freezesAll: fc.boolean() },
      { requiredKeys: ['status'] },
    ),
  }),
  fc.record({
    kind: fc.constant('change' as const),
    account: fc.constantFrom('alice', 'bob'),
    change: fc.record({
      limit: fc.oneof(
        fc.constant(null),
        fc.record({ amount: fc.bigInt(1n, 200n), count: fc.integer({ min: 1, max: 4 }) }),
      ),
    }),
  }),
  fc.record({
    kind: fc.constant('change' as const),
    account: fc.constant('credit'),
    change: fc.record({ floor: fc.constantFrom(0n, -40n, -80n) }),
  }),
  fc.record({
    kind: fc.constant('change' as const),
    account: fc.constant('spread'),
    change: fc.record({ shards: fc.constantFrom(2, 3, 4, 7) }),
  }),
  fc.record({
    kind: fc.constant('change' as const),
    account: fc.constant('carol'),
    change: fc.record({ status: fc.constant('closed' as const) }),
  }),
);
const anyPlan = fc.oneof(
  { weight: 12, arbitrary: anyNew },
  { weight: 2, arbitrary: anyBatch },
  { weight: 5, arbitrary: anyReversal },
  { weight: 4, arbitrary: anyHold },
  { weight: 6, arbitrary: anyUnhold },
  { weight: 4, arbitrary: anyAgain },
  { weight: 3, arbitrary: anyChange },
);

/** Gives each plan its request; new ones take the next key. */
function requestOf(plan: Exclude<Plan, { kind: 'change' }>, expected: Expected): ModelRequest | undefined {
  if (plan.kind === 'new') {
    const { kind: _, ...asked } = plan;
    const request = { key: `key-${expected.asked.length}`, ...asked };
    expected.asked.push(request);
    return request;
  }
  if (plan.kind === 'reverse') {
    const { which, amount, mayOverdraw } = plan;
    const original = expected.asked[which % Math.max(1, expected.asked.length)];
    if (!original) return undefined;
    const of = original.members ? `${original.key}/${which % original.members.length}` : original.key;
    const key = `key-${expected.asked.length}`;
    const reverses = { of, ...(amount !== undefined && { amount }), mayOverdraw };
    const request = { key, postings: [], reverses, description: '' };
    expected.asked.push(request);
    return request;
  }
  if (plan.kind === 'unhold') {
    const held = expected.asked.filter(({ hold }) => hold);
    // Now and then what is no hold.
    const of = (held[plan.which % Math.max(1, held.length)] ?? expected.asked[0])?.key;
    if (of === undefined) return undefined;
    const { amount, ...capture } = plan.capture ?? {};
    const about = plan.capture
      ? { capture: { of, ...(capture as Omit<ModelCapture, 'of'>), ...(amount !== undefined && { amount }) } }
      : { voids: of };
    const request = { key: `key-${expected.asked.length}`, postings: [], ...about, description: '' };
    expected.asked.push(request);
    return request;
  }
  const earlier = expected.asked[plan.which % Math.max(1, expected.asked.length)];
  return earlier && plan.isOther ? { ...earlier, description: `${earlier.description}!` } : earlier;
}

/** Does plans at one time, each on its instance, and returns what came of them. */
export async function doTogether(
  plans: readonly { readonly instance: number; readonly plan: Plan }[],
  expected: Expected,
  { client, instances }: Actual,
): Promise<Deed[]> {
  const deeds = plans.map(({ instance, plan }): Promise<Deed> | undefined => {
    const ledger = instances[instance % instances.length] as Ledger;
    if (plan.kind !== 'change') {
      const request = requestOf(plan, expected);
      return request && client.post(ledger, request);
    }
    const { account, change } = plan;
    return client.change(ledger, account, change).then((isChanged) => ({ kind: 'change', account, change, isChanged }));
  });
  return Promise.all(deeds.filter((deed) => deed !== undefined));
}

/** Fails unless some order explains what was done and what it left; the model then goes on from there. */
export async function demandExplanation(
  expected: Expected,
  deeds: readonly Deed[],
  client: BookClient,
  ledger: Ledger,
): Promise<void> {
  const after = explain(expected.books, deeds, await client.see(ledger, deeds));
  if (!after) throw new Error(`no serial order explains: ${deeds.map((deed) => textOf(deed)).join('\n')}`);
  expected.books = after;
}

class Alone implements Step {
  readonly #instance: number;
  readonly #plan: Plan;

  constructor(instance: number, plan: Plan) {
    this.#instance = instance;
    this.#plan = plan;
  }

  check(): boolean {
    return true;
  }

  async run(expected: Expected, actual: Actual): Promise<void> {
    const [deed] = await doTogether([{ instance: this.#instance, plan: this.#plan }], expected, actual);
    if (!deed) return;
    if (deed.kind === 'change') {
      expect(deed.isChanged).toBe(expected.books.change(deed.account, deed.change));
      return;
    }
    const { answer, replayed } = expected.books.post(deed.request);
    expect(textOf(deed.answer)).toBe(textOf(answer));
    if (deed.replayed !== undefined) expect(deed.replayed).toBe(replayed);
  }

  toString(): string {
    return `alone(${this.#instance}, ${textOf(this.#plan)})`;
  }
}

class Together implements Step {
  readonly #plans: readonly { readonly instance: number; readonly plan: Plan }[];

  constructor(plans: readonly { readonly instance: number; readonly plan: Plan }[]) {
    this.#plans = plans;
  }

  check(): boolean {
    return true;
  }

  async run(expected: Expected, actual: Actual): Promise<void> {
    const deeds = await doTogether(this.#plans, expected, actual);
    await demandExplanation(expected, deeds, actual.client, actual.instances[0] as Ledger);
  }

  toString(): string {
    return `together(${textOf(this.#plans)})`;
  }
}

class AsList implements Step {
  readonly #instance: number;
  readonly #plans: readonly Plan[];

  constructor(instance: number, plans: readonly Plan[]) {
    this.#instance = instance;
    this.#plans = plans;
  }

  check(): boolean {
    return true;
  }

  async run(expected: Expected, { client, instances }: Actual): Promise<void> {
    const planned = this.#plans.flatMap((plan) => (plan.kind === 'change' ? [] : (requestOf(plan, expected) ?? [])));
    const requests = planned.filter(({ members, hold, voids }) => !members && !hold && voids === undefined);
    const ledger = instances[this.#instance % instances.length] as Ledger;
    await demandExplanation(expected, await client.postAll(ledger, requests), client, ledger);
  }

  toString(): string {
    return `asList(${this.#instance}, ${textOf(this.#plans)})`;
  }
}

class Create implements Step {
  check({ books }: Readonly<Expected>): boolean {
    return !books.accounts.has(lateAccount);
  }

  async run({ books }: Expected, { client, instances }: Actual): Promise<void> {
    await client.create(instances[0] as Ledger, lateAccount, 0n);
    books.accounts.set(lateAccount, { status: 'active', floor: 0n });
  }

  toString(): string {
    return 'create()';
  }
}

class Reopen implements Step {
  readonly #instance: number;

  constructor(instance: number) {
    this.#instance = instance;
  }

  check(): boolean {
    return true;
  }

  async run(_: Expected, actual: Actual): Promise<void> {
    actual.reopen(this.#instance % actual.instances.length);
  }

  toString(): string {
    return `reopen(${this.#instance})`;
  }
}

const anyInstance = fc.nat({ max: 3 });

/** Plans to be done at one time on several instances. */
export const anyTogether = fc.array(fc.record({ instance: anyInstance, plan: anyPlan }), {
  minLength: 2,
  maxLength: 6,
});

const alone = fc.tuple(anyInstance, anyPlan).map(([instance, plan]) => new Alone(instance, plan));

/** Steps of a history. `fc.commands` draws from them alike, so what is to come more often stands here more often. */
export const bookCommands: fc.Arbitrary<Step>[] = [
  ...Array.from({ length: 8 }, () => alone),
  ...Array.from({ length: 2 }, () => anyTogether.map((plans) => new Together(plans))),
  fc
    .tuple(
      anyInstance,
      fc.array(fc.oneof(anyNew, anyNew, anyReversal, anyUnhold, anyAgain), { minLength: 1, maxLength: 8 }),
    )
    .map(([instance, plans]) => new AsList(instance, plans)),
  fc.constant(new Create()),
  anyInstance.map((instance) => new Reopen(instance)),
];

/** Money to begin with, so that not everything is declined; other balances are opened in the course of a run. */
export const openingRequests: readonly ModelRequest[] = ['alice', 'credit'].map((destination) => ({
  key: `open ${destination}`,
  postings: [{ source: 'world', destination, asset: 'USD/2', amount: 100n }],
  description: '',
}));
