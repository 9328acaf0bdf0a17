import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { commandRow, parseCommand } from '../../lib/dynamodb/items/command-item.ts';
import { parseRecord, recordItem } from '../../lib/dynamodb/items/record-item.ts';
import {
  captureHold,
  createHold,
  type Exchange,
  holdIdOf,
  isLineCommand,
  type LineCommand,
  lineOf,
  maxPostings,
  nothingFound,
  type Posting,
  postBatch,
  postTransaction,
  recordIdOf,
  reverseTransaction,
  transactionIdOf,
  voidHold,
} from '../../lib/ledger/index.ts';
import { account, asset, tenant, usd } from '../support/ledger-fixture.ts';
import { check } from '../support/property.ts';

const accountName = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}(:[A-Za-z0-9_-]{1,8}){0,2}$/).map(account);
const amount = fc.bigInt({ min: 1n, max: 10n ** 30n - 1n });
const key = fc.string({ minLength: 1, maxLength: 40 });
const assetName = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,5}(\/[0-9])?$/).map(asset);
const posting: fc.Arbitrary<Posting> = fc
  .record({ source: accountName, destination: accountName, asset: assetName, amount })
  .filter(({ source, destination }) => source !== destination);
/** Names that text order, object order and prototypes could trip over, too. */
const metadata = fc
  .dictionary(
    fc.oneof(fc.string({ minLength: 1, maxLength: 12 }), fc.constantFrom('constructor', '0', 'kind')),
    fc.string({ maxLength: 30 }),
    { maxKeys: 5, noNullPrototype: true },
  )
  .filter((names) => !('__proto__' in names && Object.hasOwn(names, '__proto__')));
const details = fc.record({
  description: fc.option(fc.string({ maxLength: 60 }), { nil: undefined }),
  metadata: fc.option(metadata, { nil: undefined }),
});
const part = fc.option(amount, { nil: undefined });

const transactionRequest = fc.record({
  type: fc.stringMatching(/^[a-z][a-z0-9_]{0,12}$/),
  postings: fc.array(posting, { minLength: 1, maxLength: maxPostings }),
  details,
});
const transactions = fc
  .record({ key, request: transactionRequest })
  .map(({ key: by, request: { details: more, ...rest } }) =>
    postTransaction({ tenant, key: by, operation: 'createTransaction', ...rest, ...more }),
  );
/** One that sells 5 units for each bought, as the exchange says. */
const exchanges = fc
  .record({ key, sold: fc.bigInt({ min: 1n, max: 10n ** 9n }), details })
  .map(({ key: by, sold, details: more }) => {
    const [sell, buy] = [asset('EUR/2'), usd];
    const exchange: Exchange = { sell, buy, rate: '5', rounding: 'down' };
    const postings = [
      { source: account('alice'), destination: account('desk'), asset: sell, amount: sold },
      { source: account('desk'), destination: account('alice'), asset: buy, amount: sold * 5n },
    ];
    return postTransaction({
      tenant,
      key: by,
      operation: 'createExchange',
      type: 'exchange',
      postings,
      exchange,
      ...more,
    });
  });
const captures = fc
  .record({ key, of: key, destination: accountName, amount: part, final: fc.boolean(), details })
  .map(({ of, details: more, ...rest }) =>
    captureHold({ tenant, holdId: holdIdOf(recordIdOf(tenant, of)), ...rest, ...more }),
  );
const reversals = fc
  .record({ key, of: key, amount: part, mayOverdraw: fc.boolean(), details })
  .map(({ of, details: more, ...rest }) =>
    reverseTransaction({ tenant, reverses: transactionIdOf(recordIdOf(tenant, of)), ...rest, ...more }),
  );
const smallRequest = fc.record({
  type: fc.constant('transfer'),
  postings: fc.array(posting, { minLength: 1, maxLength: 2 }),
  details,
});
const batches = fc
  .record({ key, members: fc.array(smallRequest, { minLength: 1, maxLength: 6 }) })
  .map(({ key: by, members }) =>
    postBatch({ tenant, key: by, transactions: members.map(({ details: more, ...rest }) => ({ ...rest, ...more })) }),
  );
const anyCommand: fc.Arbitrary<LineCommand> = fc.oneof(transactions, exchanges, captures, reversals, batches);

/** There and back as DynamoDB keeps it. */
function stored<T extends object>(row: T): Record<string, unknown> {
  return unmarshall(marshall(row, { removeUndefinedValues: true, convertClassInstanceToMap: true }), {
    wrapNumbers: BigInt,
  });
}

describe('a command that waits', () => {
  it('is what it was when its turn comes, whatever it is', () => {
    check(
      fc.property(anyCommand, (command) => {
        const { record, type, requestHash } = command;
        const { row } = stored({ row: commandRow(command) });
        expect(parseCommand(row, { tenant, record, type, requestHash })).toEqual(command);
      }),
    );
  });

  it('is so in its record, with its acceptance, its nonce and its cause', () => {
    check(
      fc.property(anyCommand, fc.nat(), accountName, (command, at, line) => {
        const { id, type, requestHash } = command;
        const cause = { correlationId: 'c-1' };
        const result = { kind: 'pending', pending: { id, type, command, createdAt: at } } as const;
        const record = { result, requestHash, nonce: 'n', accepted: { at, account: line }, cause };
        expect(parseRecord(stored(recordItem(tenant, command.record, record)))).toEqual(record);
      }),
      50,
    );
  });

  it('is nothing where what is stored cannot be read, and that is no error', () => {
    const head = { tenant, record: recordIdOf(tenant, 'k'), type: 'transfer', requestHash: 'a'.repeat(64) };
    for (const row of [
      undefined,
      'text',
      {},
      { kind: 'transaction', postings: [] },
      { kind: 'createHold' },
      { kind: 'batch', members: [{}] },
    ]) {
      expect(parseCommand(row, head)).toBeUndefined();
    }
  });
});

describe('isLineCommand', () => {
  it('is true of all that makes transactions, and not of what reserves and gives back', () => {
    check(
      fc.property(anyCommand, (command) => expect(isLineCommand(command)).toBe(true)),
      20,
    );
    const holdId = holdIdOf(recordIdOf(tenant, 'h'));
    expect(isLineCommand(voidHold({ tenant, key: 'v', holdId }))).toBe(false);
    expect(isLineCommand(createHold({ tenant, key: 'h', account: account('alice'), asset: usd, amount: 1n }))).toBe(
      false,
    );
  });
});

describe('lineOf', () => {
  it('is the first source of what a transaction or a batch moves', () => {
    check(
      fc.property(fc.oneof(transactions, exchanges, batches), (command) => {
        const [first] =
          command.kind === 'batch' ? command.members.flatMap(({ postings }) => postings) : command.postings;
        expect(lineOf(command, nothingFound)).toBe(first?.source);
      }),
      50,
    );
  });

  it('is unknown of what goes back to something that was not found', () => {
    check(
      fc.property(fc.oneof(captures, reversals), (command) => expect(lineOf(command, nothingFound)).toBeUndefined()),
      20,
    );
  });
});
