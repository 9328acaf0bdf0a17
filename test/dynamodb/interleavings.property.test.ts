import { afterAll, beforeAll, describe, it } from '@jest/globals';
import fc from 'fast-check';
import { type Ledger, systemClock } from '../../lib/dynamodb/index.ts';
import { minFeeNoticeMs, parseTenantId, type TenantId } from '../../lib/ledger/index.ts';
import { type LedgerFixture, startLedger } from '../support/ledger-fixture.ts';
import { parameters } from '../support/property.ts';
import { BookClient } from './model/book-client.ts';
import {
  anyTogether,
  assets,
  demandExplanation,
  doTogether,
  openingAccounts,
  openingRequests,
  openModel,
} from './model/book-commands.ts';
import { expectBooks } from './model/tenant-audit.ts';

let books: LedgerFixture;
/** Its clock is so far behind that the fee schedules it makes are in force by now. */
let past: Ledger;
let runs = 0;

beforeAll(async () => {
  books = await startLedger();
  past = books.open({ clock: { ...systemClock, now: () => Date.now() - minFeeNoticeMs - 5_000 } });
});
afterAll(async () => {
  past.client.destroy();
  await books.stop();
});

/** An instance whose every call to DynamoDB, and every pause between attempts, waits until the scheduler lets it go. */
function openScheduled(scheduler: fc.Scheduler, name: string): Ledger {
  const pause = scheduler.scheduleFunction(async (label: string) => label);
  const ledger = books.open({
    clock: { ...systemClock, sleep: async () => void (await pause(`${name} pauses`)) },
  });
  ledger.client.middlewareStack.add(
    (next, context) => (args) => {
      const call = scheduler.scheduleFunction((label: string) => labelled(label, next(args)));
      return call(`${name} ${context.commandName}`);
    },
    { step: 'finalizeRequest', name: 'waitForTurn', priority: 'low' },
  );
  return ledger;
}

/** The label is what the scheduler shows in a counterexample. */
function labelled<T>(_: string, result: Promise<T>): Promise<T> {
  return result;
}

describe('commands of several instances at one time', () => {
  it('have a serial order that explains their answers, in whatever order their calls reach DynamoDB', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), anyTogether, anyTogether, async (scheduler, first, second) => {
        const client = new BookClient(parseTenantId(`run_${runs++}`) as TenantId, assets);
        await client.open(books.ledger, past, openingAccounts);
        const model = openModel();
        const opening = await client.postAll(books.ledger, openingRequests);
        await demandExplanation(model, opening, client, books.ledger);
        const instances = [0, 1, 2, 3].map((index) => openScheduled(scheduler, `instance ${index}`));
        const actual = { client, instances, reopen: () => undefined };
        // The first group finds the instances cold, the second finds them warm, and partly wrong.
        for (const plans of [first, second]) {
          const deeds = await scheduler.waitFor(doTogether(plans, model, actual));
          await demandExplanation(model, deeds, client, books.ledger);
        }
        await expectBooks(books.database, books.ledger, client, model.books);
        for (const ledger of instances) ledger.client.destroy();
      }),
      parameters(30),
    );
  }, 600_000);
});
