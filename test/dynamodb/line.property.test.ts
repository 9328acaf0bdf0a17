import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Clock, type Ledger, systemClock } from '../../lib/dynamodb/index.ts';
import {
  type LineCommand,
  postBatch,
  recordIdOfTransaction,
  reverseTransaction,
  type TransactionId,
} from '../../lib/ledger/index.ts';
import { readTable } from '../support/books.ts';
import { account, tenant, transfer, usd } from '../support/ledger-fixture.ts';
import { parameters } from '../support/property.ts';
import { type LineFixture, startLines } from './line-fixture.ts';

type Row = Record<string, unknown>;

/** Few accounts, so that everybody meets; each run has its own of each. */
const names = ['ann', 'ben', 'cat'] as const;

/** One thing that a client asks. */
interface Plan {
  readonly source: number;
  readonly destination: number;
  readonly amount: number;
  readonly kind: 'transfer' | 'batch' | 'reversal';
  readonly isAsync: boolean;
  /** Which of the instances it goes to; a second one is asked the same at the same time. */
  readonly instance: number;
  readonly isDoubled: boolean;
}

/** What the world does between two steps of the clients. */
type Step =
  | { readonly kind: 'ask'; readonly plans: readonly Plan[] }
  /** Serves the lines of wake-ups that were kept back, in another order; each may be delivered twice, at one time. */
  | { readonly kind: 'deliver'; readonly order: number; readonly isDoubled: boolean }
  | { readonly kind: 'lose' }
  | { readonly kind: 'sweep' };

const plan: fc.Arbitrary<Plan> = fc.record({
  source: fc.nat(names.length - 1),
  destination: fc.nat(names.length - 2),
  // Of funds of 100: some are declined, and what is declined depends on the order.
  amount: fc.integer({ min: 1, max: 60 }),
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constant('transfer' as const) },
    { weight: 1, arbitrary: fc.constant('batch' as const) },
    { weight: 1, arbitrary: fc.constant('reversal' as const) },
  ),
  isAsync: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  instance: fc.nat(3),
  isDoubled: fc.boolean(),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('ask' as const), plans: fc.array(plan, { minLength: 1, maxLength: 6 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('deliver' as const), order: fc.nat(5), isDoubled: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'lose' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'sweep' as const }) },
);

let lines: LineFixture;
/** What the instances of a run woke and nobody has served yet. */
const wakeUps: string[] = [];
const instances: Ledger[] = [];
let workers: Ledger[] = [];
let runs = 0;

beforeAll(async () => {
  lines = await startLines();
  const wakeLine = async (_: unknown, id: string) => void wakeUps.push(id);
  const shifted = (ms: number): Clock => ({ ...systemClock, now: () => Date.now() + ms });
  instances.push(lines.open({ wakeLine }), lines.open({ wakeLine, clock: shifted(1_200) }));
  instances.push(lines.open({ wakeLine, clock: shifted(-1_200) }), lines.openBehindProxy({ wakeLine }));
  workers = [lines.open(), lines.openBehindProxy(), lines.open({ clock: shifted(-700) })];
  const writes = ['TransactWriteItems', 'PutItem'];
  lines.proxy.rules.push(
    { operation: writes, fault: { kind: 'dropAnswer' }, probability: 0.08 },
    { operation: writes, fault: { kind: 'serverError', when: 'after' }, probability: 0.05 },
    { operation: writes, fault: { kind: 'conflict' }, probability: 0.1 },
    { fault: { kind: 'throttle' }, probability: 0.05 },
    { fault: { kind: 'cut' }, probability: 0.03 },
  );
});
afterAll(() => lines.stop());

/** What was asked, and what is known of when. */
interface Asked {
  readonly command: LineCommand;
  readonly isAsync: boolean;
  /** Steps are numbered: what was accepted in an earlier one was accepted before. */
  readonly step: number;
  /** What it was answered where it was accepted. */
  acceptedAt?: number;
}

class Run {
  readonly asked: Asked[] = [];
  readonly #prefix: string;
  #keys = 0;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  account(which: number): string {
    return `${this.#prefix}-${names[which]}`;
  }

  commandOf({ source, destination, amount, kind }: Plan): LineCommand {
    const from = this.account(source);
    const to = this.account((source + 1 + destination) % names.length);
    const key = `${this.#prefix}-${this.#keys++}`;
    const posting = { source: account(from), destination: account(to), asset: usd, amount: BigInt(amount) };
    if (kind === 'batch') {
      const half = { ...posting, amount: BigInt(Math.ceil(amount / 2)) };
      const transactions = [1, 2].map(() => ({ type: 'transfer', postings: [half] }));
      return postBatch({ tenant, key, transactions });
    }
    const original = this.asked.find(({ command }) => command.kind === 'transaction')?.command;
    if (kind === 'reversal' && original) return reverseTransaction({ tenant, key, reverses: original.id });
    return transfer(from, to, amount, { key });
  }

  /** Asks until there is a final answer, as a client does. */
  async ask(one: Asked, ledger: Ledger): Promise<void> {
    for (let tries = 0; tries < 20; tries++) {
      const { command, isAsync } = one;
      const answer = isAsync ? await ledger.accept(command, 4_000) : await ledger.execute(command, 1_000);
      if (answer.kind === 'failed') continue;
      expect(answer.kind).not.toBe('key_reused');
      if (answer.kind !== 'accepted') return;
      // However often it is asked: one acceptance.
      expect(one.acceptedAt ?? answer.acceptedAt).toBe(answer.acceptedAt);
      one.acceptedAt = answer.acceptedAt;
      return;
    }
    throw new Error(`no final answer for ${one.command.id}`);
  }

  /** All of a step at one time; each client waits for its own answer. */
  async askAll(plans: readonly Plan[], number: number): Promise<void> {
    await Promise.all(
      plans.map(async (asking) => {
        const one: Asked = { command: this.commandOf(asking), isAsync: asking.isAsync, step: number };
        this.asked.push(one);
        const others = asking.isDoubled ? [asking.instance, asking.instance + 1] : [asking.instance];
        await Promise.all(others.map((which) => this.ask(one, instances[which % instances.length] as Ledger)));
      }),
    );
  }
}

/** Serves a line as its message would: again after an interruption. */
async function serve(id: string, worker: Ledger): Promise<void> {
  for (let receive = 0; receive < 10; receive++) {
    try {
      await lines.drain(id, worker);
      return;
    } catch (error) {
      expect((error as Error).name).toMatch(/^(LineInterrupted|LedgerError)$/);
    }
  }
  throw new Error(`the line of ${id} could not be served`);
}

async function deliver({ order, isDoubled }: Extract<Step, { kind: 'deliver' }>): Promise<void> {
  const ids = wakeUps.splice(0);
  // Across lines in any order; a line's own wake-ups say the same thing.
  for (let i = ids.length - 1; i > 0; i--) {
    const j = (i * 7 + order) % (i + 1);
    [ids[i], ids[j]] = [ids[j] as string, ids[i] as string];
  }
  const chosen = isDoubled ? [...ids, ...ids] : ids;
  await Promise.all(chosen.map((id, i) => serve(id, workers[(i + order) % workers.length] as Ledger)));
}

/** Wakes whatever waits, as the sweep would: what is overdue at once, so that nothing has to be waited for. */
async function sweep(): Promise<void> {
  const { lines: overdue } = await (instances[0] as Ledger).overdueLines(-10_000);
  await Promise.all(overdue.map(({ account: id }, i) => serve(id, workers[i % workers.length] as Ledger)));
}

/** Holds what is stored at the end to what was asked and answered. */
async function expectOutcomes(run: Run): Promise<void> {
  const { client, tables } = lines.books.database;
  const rows = await readTable(client, tables.ledger);
  const records = new Map(rows.filter(({ SK }) => SK === 'RECORD').map((row) => [row.PK, row]));
  const terminal: { asked: Asked; row: Row }[] = [];
  for (const asked of run.asked) {
    const row = records.get(`T#${tenant}#X#${recordIdOfTransaction(asked.command.id)}`);
    // Refused where what it needed was not there: then the key did nothing.
    if (!row) {
      expect(asked).toMatchObject({ command: { kind: 'reversal' } });
      expect(asked.acceptedAt).toBeUndefined();
      continue;
    }
    expect(['posted', 'rejected', 'batch']).toContain(row.status);
    if (asked.acceptedAt !== undefined) expect(Number(row.acceptedAt ?? row.createdAt)).toBe(asked.acceptedAt);
    terminal.push({ asked, row });
  }
  expectOrder(rows, terminal);
}

/** Of one line, what was accepted in an earlier step was posted before what was accepted in a later one. */
function expectOrder(rows: readonly Row[], terminal: readonly { asked: Asked; row: Row }[]): void {
  const sequenceOf = (id: TransactionId, members: readonly string[], line: unknown) =>
    rows
      .filter(({ PK, SK }) => PK === `T#${tenant}#A#${line}` && String(SK).startsWith('E#'))
      .filter(({ transaction }) => transaction === id || members.includes(String(transaction)))
      .map(({ SK }) => Number(String(SK).split('#').at(-1)))[0];
  const byLine = Map.groupBy(
    terminal.filter(({ row }) => row.line !== undefined && row.status !== 'rejected'),
    ({ row }) => row.line,
  );
  for (const [line, list] of byLine) {
    const placed = list.map(({ asked, row }) => ({
      step: asked.step,
      sequence: sequenceOf(asked.command.id, (row.members ?? []) as string[], line) as number,
    }));
    for (const one of placed) {
      for (const other of placed) {
        if (one.step < other.step) expect(one.sequence).toBeLessThan(other.sequence);
      }
    }
  }
}

describe('lines', () => {
  it('bring each key to one outcome in the order of acceptance, however wake-ups come, are lost and meet', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14, size: 'max' }), async (steps) => {
        const run = new Run(`run${runs++}`);
        wakeUps.length = 0;
        await Promise.all(names.map((_, which) => lines.books.createAccount(run.account(which), { funds: 100n })));
        const underWay: Promise<unknown>[] = [];
        for (const [number, one] of steps.entries()) {
          if (one.kind === 'ask') await run.askAll(one.plans, number);
          else if (one.kind === 'lose') wakeUps.length = 0;
          // Workers go on while clients ask for more.
          else underWay.push(one.kind === 'deliver' ? deliver(one) : sweep());
        }
        await Promise.all(underWay);
        await lines.proxy.settled();
        await sweep();
        expect(await lines.findings()).toEqual([]);
        for (const which of names.keys()) expect(await lines.waiting(run.account(which))).toEqual([]);
        await expectOutcomes(run);
        expect(await lines.deadLetters()).toEqual([]);
      }),
      parameters(12),
    );
  }, 600_000);
});
