import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../lib/dynamodb/index.ts';
import { JournalAppender } from '../../lib/dynamodb/journal-appender.ts';
import { type LedgerFixture, startLedger, tenant, transfer } from '../support/ledger-fixture.ts';

let books: LedgerFixture;
beforeAll(async () => {
  books = await startLedger();
});
afterAll(() => books.stop());

describe('JournalAppender', () => {
  it('appends what precedes', async () => {
    await books.createAccount('alice', { funds: 100n });
    const commands = Array.from({ length: 5 }, () => transfer('alice', 'world', 1));
    for (const command of commands) await books.ledger.post(command, 5_000);
    const appender = new JournalAppender({
      client: books.ledger.client,
      table: books.database.tables.ledger,
      clock: systemClock,
    });
    const last = commands.at(-1);
    expect(await appender.append(tenant, [`T#${tenant}#X#${last?.record}`], 5_000)).toMatchObject({
      blocks: 1,
      events: 6,
      isComplete: true,
    });
  });
});
