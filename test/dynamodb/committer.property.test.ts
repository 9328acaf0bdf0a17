import { afterAll, beforeAll, describe, it } from '@jest/globals';
import fc from 'fast-check';
import { type Ledger, systemClock } from '../../lib/dynamodb/index.ts';
import { minFeeNoticeMs, parseTenantId, type TenantId } from '../../lib/ledger/index.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { type LedgerFixture, startLedger } from '../support/ledger-fixture.ts';
import { parameters, seed } from '../support/property.ts';
import { BookClient } from './model/book-client.ts';
import {
  type Actual,
  assets,
  bookCommands,
  demandExplanation,
  type Expected,
  openingAccounts,
  openingRequests,
  openModel,
} from './model/book-commands.ts';
import { expectBooks } from './model/tenant-audit.ts';

/** Within the two seconds that the committer allows. */
const aheadMs = 1_200;

let books: LedgerFixture;
let proxy: FaultProxy;
/** Its clock is so far behind that the fee schedules it makes are in force by now. */
let past: Ledger;
let runs = 0;
const opened: Ledger[] = [];

beforeAll(async () => {
  books = await startLedger();
  past = books.open({ clock: { ...systemClock, now: () => Date.now() - minFeeNoticeMs - 5_000 } });
  proxy = await startFaultProxy({ target: books.database.endpoint, seed });
  const writes = ['TransactWriteItems', 'PutItem'];
  proxy.rules.push(
    { fault: { kind: 'latency', ms: [0, 8] }, probability: 0.3 },
    { operation: writes, fault: { kind: 'dropAnswer' }, probability: 0.08 },
    { operation: writes, fault: { kind: 'serverError', when: 'after' }, probability: 0.05 },
    { operation: writes, fault: { kind: 'conflict' }, probability: 0.1 },
    { operation: 'BatchGetItem', fault: { kind: 'unprocessedKeys' }, probability: 0.1 },
    { fault: { kind: 'throttle' }, probability: 0.05 },
    { fault: { kind: 'serverError', when: 'before' }, probability: 0.03 },
    { fault: { kind: 'cut' }, probability: 0.03 },
  );
});
afterAll(async () => {
  for (const ledger of [past, ...opened]) ledger.client.destroy();
  await proxy.stop();
  await books.stop();
});

/** Two plain instances, one that meets every fault, and one whose clock is ahead. */
function openInstance(index: number): Ledger {
  const options = [{}, {}, { endpoint: proxy.url }, { clock: { ...systemClock, now: () => Date.now() + aheadMs } }][
    index
  ];
  const ledger = books.open(options);
  opened.push(ledger);
  return ledger;
}

/** A tenant of its own for each run, so that runs share nothing but the table. */
async function openBooks(): Promise<{ model: Expected; real: Actual }> {
  const client = new BookClient(parseTenantId(`run_${runs++}`) as TenantId, assets);
  await client.open(books.ledger, past, openingAccounts);
  const model = openModel();
  const deeds = await client.postAll(books.ledger, openingRequests);
  await demandExplanation(model, deeds, client, books.ledger);
  const instances = [0, 1, 2, 3].map(openInstance);
  return {
    model,
    real: {
      client,
      instances,
      reopen(index) {
        instances[index]?.client.destroy();
        instances[index] = openInstance(index);
      },
    },
  };
}

describe('the committer', () => {
  it('answers every history as a ledger that does one thing at a time, whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(bookCommands, { maxCommands: 40, size: 'max' }), async (commands) => {
        const { model, real } = await openBooks();
        await fc.asyncModelRun(() => ({ model, real }), commands);
        await proxy.settled();
        await expectBooks(books.database, books.ledger, real.client, model.books);
        for (const ledger of real.instances) ledger.client.destroy();
      }),
      parameters(20),
    );
  }, 600_000);
});
