import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type Account,
  type AccountId,
  type Balance,
  type Decision,
  decide,
  type Entry,
  entryHash,
  genesisHash,
  type Posting,
  type PostTransaction,
  WorkingState,
} from '../../lib/ledger/index.ts';
import { check } from '../support/property.ts';
import { commandOf, posting, transactionOf, WrittenState } from './state-fixture.ts';

const accounts = ['a', 'b', 'c', 'credit', 'world'];
const assets = ['USD/2', 'GOLD'];
const floors: Readonly<Record<string, bigint | null>> = { a: 0n, b: 0n, c: 0n, credit: -40n, world: null };

const anyPosting = fc
  .tuple(fc.constantFrom(...accounts), fc.constantFrom(...accounts), fc.bigInt(1n, 60n), fc.constantFrom(...assets))
  .filter(([source, destination]) => source !== destination)
  .map((parts) => posting(...parts));
const anyCommand = fc.record({
  postings: fc.array(anyPosting, { minLength: 1, maxLength: 16 }),
  now: fc.integer({ min: 0, max: 50 }),
});
const anyHistory = fc.array(anyCommand, { minLength: 1, maxLength: 12 });
type History = readonly { readonly postings: readonly Posting[]; readonly now: number }[];

interface Step {
  readonly command: PostTransaction;
  readonly now: number;
  readonly decision: Decision;
  readonly state: WorkingState;
}

/** Runs a history on an empty ledger whose clock goes as it likes; what is declined changes nothing. */
function run(history: History): Step[] {
  const base = new WrittenState();
  for (const asset of assets) base.assets.add(asset);
  for (const id of accounts) {
    const account: Partial<Account> =
      id === 'credit'
        ? { floors: new Map(assets.map((asset) => [asset, -40n] as [never, bigint])) }
        : { unbounded: id === 'world' };
    base.with(id, account);
  }
  const state = new WorkingState(base);
  return history.map(({ postings, now }, index) => {
    const command = commandOf(postings, { key: `key-${index}` });
    const decision = decide(command, state, { now, salt: 'salt' });
    if (decision.kind === 'commit') state.apply(decision);
    return { command, now, decision, state };
  });
}

function entriesOf(steps: readonly Step[]): Entry[] {
  return steps.flatMap(({ decision }) => (decision.kind === 'commit' ? decision.entries : []));
}

function byBalance(entries: readonly Entry[]): Entry[][] {
  return [...Map.groupBy(entries, ({ account, asset }) => `${account} ${asset}`).values()];
}

describe('decide, over any history', () => {
  it('conserves every asset, in each transaction and in all', () => {
    check(
      fc.property(anyHistory, (history) => {
        const steps = run(history);
        for (const { decision } of steps) {
          if (decision.kind !== 'commit') continue;
          for (const asset of assets) {
            const own = decision.entries.filter((entry) => entry.asset === asset);
            expect(own.reduce((sum, { amount }) => sum + amount, 0n)).toBe(0n);
          }
        }
        const state = steps.at(-1)?.state as WorkingState;
        for (const asset of assets) {
          const balances = accounts.map((id) => state.balance(id as AccountId, asset as never)?.posted ?? 0n);
          expect(balances.reduce((sum, posted) => sum + posted, 0n)).toBe(0n);
        }
      }),
    );
  });

  it('lets no entry pass a floor', () => {
    check(
      fc.property(anyHistory, (history) => {
        for (const { account, balanceAfter } of entriesOf(run(history))) {
          const floor = floors[account];
          if (floor !== null && floor !== undefined) expect(balanceAfter).toBeGreaterThanOrEqual(floor);
        }
      }),
    );
  });

  it('declines only what a posting in order would take below a floor', () => {
    check(
      fc.property(anyHistory, (history) => {
        const balances = new Map<string, bigint>();
        for (const { command, decision } of run(history)) {
          const trial = new Map(balances);
          const isCovered = command.postings.every(({ source, destination, asset, amount }) => {
            const left = (trial.get(`${source} ${asset}`) ?? 0n) - amount;
            trial.set(`${source} ${asset}`, left);
            trial.set(`${destination} ${asset}`, (trial.get(`${destination} ${asset}`) ?? 0n) + amount);
            const floor = floors[source];
            return floor === null || floor === undefined || left >= floor;
          });
          expect(decision.kind).toBe(isCovered ? 'commit' : 'decline');
          if (isCovered) for (const [name, posted] of trial) balances.set(name, posted);
        }
      }),
    );
  });

  it('numbers and chains the entries of each balance without a gap', () => {
    check(
      fc.property(anyHistory, (history) => {
        for (const entries of byBalance(entriesOf(run(history)))) {
          let [posted, hash, time] = [0n, genesisHash, 0];
          for (const [index, entry] of entries.entries()) {
            posted += entry.amount;
            expect(entry.sequence).toBe(index + 1);
            expect(entry.balanceAfter).toBe(posted);
            expect(entry.previousHash).toBe(hash);
            expect(entry.hash).toBe(entryHash('default' as never, entry));
            expect(entry.createdAt).toBeGreaterThanOrEqual(time);
            [hash, time] = [entry.hash, entry.createdAt];
          }
        }
      }),
    );
  });

  it('names the transaction before on each balance', () => {
    check(
      fc.property(anyHistory, (history) => {
        for (const entries of byBalance(entriesOf(run(history)))) {
          const transactions = [...new Set(entries.map(({ transactionId }) => transactionId))];
          for (const { transactionId, previousTransactionId } of entries) {
            expect(previousTransactionId).toBe(transactions[transactions.indexOf(transactionId) - 1] ?? null);
          }
        }
      }),
    );
  });

  it('gives each transaction one time, never before now, and nets to zero at any instant', () => {
    check(
      fc.property(anyHistory, (history) => {
        const steps = run(history);
        for (const { decision, now } of steps) {
          if (decision.kind !== 'commit') continue;
          expect(new Set(decision.entries.map(({ createdAt }) => createdAt))).toEqual(
            new Set([transactionOf(decision).createdAt]),
          );
          expect(transactionOf(decision).createdAt).toBeGreaterThanOrEqual(now);
        }
        const entries = entriesOf(steps);
        for (const instant of new Set(entries.map(({ createdAt }) => createdAt))) {
          const cut = byBalance(entries).map((own) => own.findLast(({ createdAt }) => createdAt <= instant));
          for (const asset of assets) {
            const sum = cut.reduce((total, entry) => total + (entry?.asset === asset ? entry.balanceAfter : 0n), 0n);
            expect(sum).toBe(0n);
          }
        }
      }),
    );
  });

  it('raises the version of each balance it touches by one', () => {
    check(
      fc.property(anyHistory, (history) => {
        const versions = new Map<string, number>();
        for (const { decision } of run(history)) {
          if (decision.kind !== 'commit') continue;
          for (const { before, after } of decision.changes) {
            const name = `${after.account} ${after.asset}`;
            expect(before.version).toBe(versions.get(name) ?? 0);
            expect(after.version).toBe(before.version + 1);
            versions.set(name, after.version);
          }
        }
      }),
    );
  });

  it('is deterministic', () => {
    const kept = (steps: readonly Step[]) => steps.map(({ decision }) => decision);
    check(
      fc.property(anyHistory, (history) => {
        expect(kept(run(history))).toEqual(kept(run(history)));
      }),
      50,
    );
  });
});

describe('decide, on balances that are below their floor already', () => {
  it('never lets them fall further, and lets them rise', () => {
    const below: Partial<Balance> = { floor: 0n };
    check(
      fc.property(fc.bigInt(-100n, -1n), fc.bigInt(1n, 200n), (posted, amount) => {
        const state = new WrittenState().withBalance('a', posted, below).withBalance('world', 0n, { floor: null });
        const decided = (source: string, destination: string) =>
          decide(commandOf([posting(source, destination, amount)]), state, { now: 1, salt: '' });
        expect(decided('a', 'world')).toMatchObject({ kind: 'decline', reason: 'insufficient_funds' });
        expect(decided('world', 'a').kind).toBe('commit');
      }),
    );
  });
});
