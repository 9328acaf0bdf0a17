import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { systemClock } from '../../../lib/dynamodb/index.ts';
import { JournalAppender } from '../../../lib/dynamodb/journal/journal-appender.ts';
import { readTable } from '../../support/books.ts';
import { auditJournal } from '../../support/journal-books.ts';
import { type LedgerFixture, startLedger } from '../../support/ledger-fixture.ts';
import { parameters } from '../../support/property.ts';
import { FailingClient, Killed, type Mishap } from './failing-client.ts';
import { type Deed, Doing } from './journal-deeds.ts';

const timeMs = 10_000;
const accounts = ['alice', 'bob', 'spread'];

let books: LedgerFixture;
let tenants = 0;
beforeAll(async () => {
  books = await startLedger();
});
afterAll(() => books.stop());

const anyAccount = fc.constantFrom('world', ...accounts);
const anyDeed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({
        kind: fc.constant('transfer' as const),
        source: anyAccount,
        destination: anyAccount,
        amount: fc.constantFrom(1n, 1n, 1n, 1_000_000n),
      })
      .filter(({ source, destination }) => source !== destination),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('batch' as const),
      accounts: fc.array(fc.constantFrom(...accounts), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('hold' as const),
      account: fc.constantFrom('alice', 'bob'),
      amount: fc.constantFrom(5n, 1_000_000n),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('capture' as const),
      which: fc.nat({ max: 5 }),
      destination: anyAccount,
      isFinal: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('void' as const), which: fc.nat({ max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reverse' as const), which: fc.nat({ max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('change' as const), account: anyAccount }) },
);

/** Wake-ups of what was done so far: in any order, some twice, some never; for one of two appenders, which may come to grief. */
const anyLook = fc.record(
  {
    kind: fc.constant('look' as const),
    picks: fc.array(fc.nat({ max: 10_000 }), { minLength: 1, maxLength: 12 }),
    appender: fc.constantFrom(0, 1),
    mishap: fc.record({
      call: fc.integer({ min: 1, max: 8 }),
      kind: fc.constantFrom('killed' as const, 'refused' as const, 'lost' as const),
    }),
    isAwaited: fc.boolean(),
  },
  { requiredKeys: ['kind', 'picks', 'appender', 'isAwaited'] },
);

type Look = typeof anyLook extends fc.Arbitrary<infer Value> ? Value : never;

const anySteps = fc.array(fc.oneof({ weight: 4, arbitrary: anyDeed }, { weight: 1, arbitrary: anyLook }), {
  minLength: 5,
  maxLength: 60,
  size: 'max',
});

/** Two processes that append, each with what it remembers; a killed one comes back without. */
class Appenders {
  readonly #appenders = [this.#open(), this.#open()];

  #open(mishap?: Mishap): JournalAppender {
    const { client } = new FailingClient(books.ledger.client, mishap);
    return new JournalAppender({ client, table: books.database.tables.ledger, clock: systemClock });
  }

  /** Whether it got to the end. */
  async look(doing: Doing, partitions: readonly string[], which: number, mishap?: Mishap): Promise<boolean> {
    const appender = mishap ? this.#open(mishap) : (this.#appenders[which] as JournalAppender);
    try {
      await appender.append(doing.tenant, partitions, timeMs);
      return true;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.#appenders[which] = this.#open();
      return false;
    }
  }
}

async function run(steps: readonly (Deed | Look)[]): Promise<void> {
  const doing = await Doing.begin(books.ledger, `model-${tenants++}`, accounts);
  const appenders = new Appenders();
  const seen = new Set<string>();
  const beside: Promise<unknown>[] = [];
  for (const step of steps) {
    if (step.kind !== 'look') {
      await doing.do(step);
      continue;
    }
    const { picks, appender, mishap, isAwaited } = step;
    const partitions = picks.map((pick) => doing.partitions[pick % doing.partitions.length] as string);
    const looked = appenders.look(doing, partitions, appender, mishap).then((isDone) => {
      if (isDone) for (const partition of partitions) seen.add(partition);
    });
    if (isAwaited) await looked;
    else beside.push(looked);
  }
  await Promise.all(beside);
  const audit = auditJournal(await readTable(books.database.client, books.database.tables.ledger), doing.tenant);
  expect(audit.findings).toEqual([]);
  expect([...seen].filter((partition) => !audit.places.has(partition))).toEqual([]);
}

describe('a journal', () => {
  it('is in order and has what was woken, whatever becomes of wake-ups and appenders', async () => {
    await fc.assert(fc.asyncProperty(anySteps, run), parameters(25));
  }, 600_000);
});
