import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type Command,
  captureHold,
  createHold,
  postBatch,
  reverseTransaction,
  voidHold,
} from '../../lib/ledger/index.ts';
import { account, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';
import { parameters } from '../support/property.ts';
import {
  appendJournal,
  contents,
  damage,
  describe as describeAccount,
  openRedactions,
  type Redactions,
} from './redaction-fixture.ts';

const timeMs = 10_000;

let books: LedgerFixture;
let redactions: Redactions;
let runs = 0;
beforeAll(async () => {
  books = await startLedger();
  redactions = openRedactions(books);
  for (const id of ['alice', 'bob']) await books.createAccount(id, { funds: 1_000_000n });
});
afterAll(async () => {
  redactions.stop();
  await books.stop();
});

const deed = fc.record({
  kind: fc.constantFrom('transfer', 'batch', 'hold', 'capture', 'void', 'reversal', 'account'),
  amount: fc.bigInt(1n, 5n),
  of: fc.nat(),
  isRedacted: fc.boolean(),
  isJournaledFirst: fc.boolean(),
});
type Deed = typeof deed extends fc.Arbitrary<infer Value> ? Value : never;

/** What was done so far, for later deeds to be about. */
interface Past {
  readonly transactions: Parameters<typeof reverseTransaction>[0]['reverses'][];
  readonly holds: Parameters<typeof voidHold>[0]['holdId'][];
}

function pick<T>(list: readonly T[], index: number): T | undefined {
  return list[index % Math.max(1, list.length)];
}

/** The command of a deed; undefined where there is nothing that it could be about. */
function commandOf({ kind, amount, of }: Deed, text: string, past: Past): Command | undefined {
  const said = { description: `about ${text}`, metadata: { name: text } };
  const common = { tenant, key: text };
  const hold = pick(past.holds, of);
  const reverses = pick(past.transactions, of);
  if (kind === 'transfer') return transfer('alice', 'bob', amount, { key: text, ...said });
  if (kind === 'hold') return createHold({ ...common, account: account('alice'), asset: usd, amount, ...said });
  if (kind === 'capture' && hold)
    return captureHold({ ...common, holdId: hold, destination: account('bob'), amount: 1n, ...said });
  if (kind === 'void' && hold) return voidHold({ ...common, holdId: hold });
  if (kind === 'reversal' && reverses) return reverseTransaction({ ...common, reverses, amount: 1n, ...said });
  if (kind !== 'batch') return undefined;
  const postings = [{ source: account('bob'), destination: account('alice'), asset: usd, amount }];
  return postBatch({
    ...common,
    transactions: [
      { type: 'transfer', postings, ...said },
      { type: 'transfer', postings, ...said },
    ],
  });
}

/** Does a deed; returns what redacts it, or nothing where it left nothing to redact. */
async function done(each: Deed, text: string, past: Past): Promise<(() => Promise<unknown>) | undefined> {
  if (each.kind === 'account') {
    await describeAccount(books.ledger, 'bob', text);
    return () => redactions.store.account({ ...redactions.ask(), owner: true }, account('bob'));
  }
  const command = commandOf(each, text, past);
  if (!command) return undefined;
  const result = await books.open().execute(command, timeMs);
  const isRejected =
    result.kind === 'settled' && result.result.kind === 'transaction' && result.result.transaction.status !== 'posted';
  if (result.kind !== 'settled' || isRejected) return undefined;
  if (command.kind === 'createHold') {
    past.holds.push(command.holdId);
    return () => redactions.store.hold(redactions.ask(), command.holdId);
  }
  if (command.kind === 'releaseHold') return undefined;
  if (command.kind === 'transaction') past.transactions.push(command.id);
  return () => redactions.store.transaction(redactions.ask(), command.id);
}

/** The history with whatever was redacted of it: nothing of that is anywhere, all else is, and no verifier finds anything. */
async function isSound(deeds: readonly Deed[]): Promise<void> {
  const past: Past = { transactions: [], holds: [] };
  const gone: string[] = [];
  const kept: string[] = [];
  const repeated: Command[] = [];
  const run = runs++;
  for (const [index, each] of deeds.entries()) {
    const text = `canary-${run}-${index}-`;
    const before: Past = { transactions: [...past.transactions], holds: [...past.holds] };
    const redact = await done(each, text, past);
    if (each.isJournaledFirst) await appendJournal(books);
    if (!redact) continue;
    const command = commandOf(each, text, before);
    if (command) repeated.push(command);
    if (each.isRedacted) {
      await redact();
      gone.push(text);
    } else if (each.kind !== 'account') kept.push(text);
  }
  await appendJournal(books);
  const found = await contents(books);
  for (const text of gone) expect(found).not.toContain(text);
  for (const text of kept) expect(found).toContain(text);
  expect(await damage(books)).toEqual([]);
  for (const command of repeated) {
    expect(await books.open().execute(command, timeMs)).toMatchObject({ kind: 'settled', replayed: true });
  }
  expect(await damage(books)).toEqual([]);
}

describe('redaction', () => {
  it('of any part of any history leaves books, chains and journal as they verify, and answers as they were', async () => {
    await fc.assert(fc.asyncProperty(fc.array(deed, { minLength: 4, maxLength: 14 }), isSound), parameters(10));
  }, 240_000);
});
