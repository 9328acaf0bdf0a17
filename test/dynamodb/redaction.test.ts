import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { auditTable } from '../../lib/dynamodb/audit/table-audit.ts';
import type { KeyRecord } from '../../lib/dynamodb/index.ts';
import {
  captureHold,
  createHold,
  holdIdOf,
  postBatch,
  recordIdOf,
  reverseTransaction,
  transactionIdOf,
  voidHold,
} from '../../lib/ledger/index.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import type { Fault } from '../support/faults.ts';
import { account, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';
import {
  acts,
  appendJournal,
  canary,
  contents,
  damage,
  ledgerRows,
  openRedactions,
  type Redactions,
  selfAudit,
} from './redaction-fixture.ts';

const timeMs = 5_000;

let books: LedgerFixture;
let proxy: FaultProxy;
let plain: Redactions;
let faulty: Redactions;

beforeAll(async () => {
  books = await startLedger();
  proxy = await startFaultProxy({ target: books.database.endpoint });
  plain = openRedactions(books);
  faulty = openRedactions(books, proxy.url);
  for (const id of ['alice', 'bob', 'carol']) await books.createAccount(id, { funds: 1_000_000n });
});
afterEach(async () => {
  proxy.rules.length = 0;
  await proxy.settled();
});
afterAll(async () => {
  await appendJournal(books);
  expect(await damage(books)).toEqual([]);
  plain.stop();
  faulty.stop();
  await proxy.stop();
  await books.stop();
});

function details(text: string) {
  return { description: `Rent of ${text}`, metadata: { tenant: text } };
}

async function posted(text: string, key = text) {
  const command = transfer('alice', 'bob', 7, { key, ...details(text) });
  expect(await books.ledger.post(command, timeMs)).toMatchObject({ kind: 'settled' });
  return command;
}

function rowOf(rows: readonly Record<string, unknown>[], partition: string) {
  const row = rows.find(({ PK }) => PK === partition);
  if (!row) throw new Error(`there is no ${partition}`);
  return row;
}

async function recordRow(record: string) {
  return rowOf(await ledgerRows(books), `T#${tenant}#X#${record}`);
}

function redacted(record: KeyRecord | 'pending' | undefined) {
  if (record === undefined || record === 'pending') throw new Error(`no record, but ${record}`);
  return record.result;
}

describe('the redaction of a transaction', () => {
  it('removes what was written about it from wherever it lies, with salt and request hash, and leaves every hash as it was', async () => {
    const text = canary();
    const { id, record } = await posted(text);
    await appendJournal(books);
    expect(await contents(books)).toContain(text);
    const before = await recordRow(record);
    const result = redacted(await plain.store.transaction(plain.ask(), id));
    expect(result).toMatchObject({ kind: 'transaction', transaction: { id, redacted: { at: expect.any(Number) } } });
    const found = await contents(books);
    expect(found).not.toContain(text);
    expect(found).not.toContain(before.salt as string);
    const { description: _, metadata: __, salt: ___, requestHash: ____, ...left } = before;
    const after = await recordRow(record);
    expect(after).toEqual({
      ...left,
      redacted: { at: expect.anything(), detailsDigest: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    const entries = (await ledgerRows(books)).filter(({ transaction }) => transaction === id);
    expect(entries).toHaveLength(2);
    for (const entry of entries) {
      expect(Buffer.from(entry.detailsDigest as Uint8Array).toString('hex')).toBe(
        (after.redacted as { detailsDigest: string }).detailsDigest,
      );
    }
    expect(await damage(books)).toEqual([]);
  });

  it('is recorded in the audit log and told by an event, once however often it is asked for', async () => {
    const { id } = await posted(canary());
    for (let time = 1; time <= 3; time++) await plain.store.transaction(plain.ask(), id);
    expect((await acts(books)).filter((act) => act === `transaction.redacted ${id}`)).toHaveLength(1);
    const changes = (await ledgerRows(books)).filter(({ subject }) => subject === `transaction/${id}`);
    expect(changes).toMatchObject([{ type: 'transaction.redacted', content: expect.stringContaining(id) }]);
  });

  it('leaves a retry its answer, executes nothing again, and tells another movement under the key from it', async () => {
    const text = canary();
    const command = await posted(text);
    await plain.store.transaction(plain.ask(), command.id);
    const { posted: balance } = await books.ledger.balances.get(tenant, account('bob'), usd);
    const again = await books.open().post(command, timeMs);
    expect(again).toMatchObject({ kind: 'settled', replayed: true, transaction: { id: command.id } });
    expect(JSON.stringify(again, (_, value) => (typeof value === 'bigint' ? `${value}` : value))).not.toContain(text);
    const others = [
      transfer('alice', 'bob', 8, { key: text, ...details(text) }),
      transfer('alice', 'carol', 7, { key: text, ...details(text) }),
      transfer('alice', 'bob', 7, { key: text, type: 'spend', ...details(text) }),
      reverseTransaction({ tenant, key: text, reverses: command.id }),
    ];
    for (const other of others) expect(await books.open().post(other, timeMs)).toMatchObject({ kind: 'key_reused' });
    expect((await books.ledger.balances.get(tenant, account('bob'), usd)).posted).toBe(balance);
  });

  it('leaves it to be reversed, and reversals too to be redacted', async () => {
    const [text, why] = [canary(), canary()];
    const { id } = await posted(text);
    await plain.store.transaction(plain.ask(), id);
    const reversal = reverseTransaction({ tenant, key: why, reverses: id, amount: 3n, ...details(why) });
    expect(await books.open().post(reversal, timeMs)).toMatchObject({ kind: 'settled' });
    await plain.store.transaction(plain.ask(), reversal.id);
    expect(await contents(books)).not.toContain(why);
    expect(await books.open().post(reversal, timeMs)).toMatchObject({ kind: 'settled', replayed: true });
    const other = reverseTransaction({ tenant, key: why, reverses: id, amount: 2n });
    expect(await books.open().post(other, timeMs)).toMatchObject({ kind: 'key_reused' });
  });

  it('is of all transactions of a batch, and of the request for it', async () => {
    const [one, other] = [canary(), canary()];
    const posting = { source: account('alice'), destination: account('bob'), asset: usd, amount: 1n };
    const member = (text: string) => ({ type: 'transfer', postings: [posting], ...details(text) });
    const batch = postBatch({ tenant, key: one, transactions: [member(one), member(other)] });
    expect(await books.ledger.postBatch(batch, timeMs)).toMatchObject({ kind: 'posted' });
    const first = batch.members[0];
    if (!first) throw new Error('a batch has members');
    await plain.store.transaction(plain.ask(), first.id);
    expect(await contents(books)).not.toContain(one);
    expect(await contents(books)).toContain(other);
    expect(redacted(await plain.store.transaction(plain.ask(), batch.id))).toMatchObject({
      kind: 'batch',
      redacted: { at: expect.any(Number) },
    });
    expect(await contents(books)).not.toContain(other);
    expect(await recordRow(batch.record)).not.toHaveProperty('requestHash');
    expect(await books.open().postBatch(batch, timeMs)).toMatchObject({ kind: 'posted', replayed: true });
    const dearer = { ...member(other), postings: [{ ...posting, amount: 2n }] };
    for (const transactions of [
      [member(one)],
      [member(one), dearer],
      [member(one), { ...member(other), type: 'spend' }],
    ]) {
      const another = postBatch({ tenant, key: one, transactions });
      expect(await books.open().postBatch(another, timeMs)).toMatchObject({ kind: 'key_reused' });
    }
  });

  it('takes from a rejected one the hash that its texts could be guessed against', async () => {
    const text = canary();
    const command = transfer('alice', 'bob', 10n ** 15n, { key: text, ...details(text) });
    expect(await books.ledger.post(command, timeMs)).toMatchObject({ transaction: { status: 'rejected' } });
    await plain.store.transaction(plain.ask(), command.id);
    expect(await recordRow(command.record)).not.toHaveProperty('requestHash');
    const again = await books.open().post(command, timeMs);
    expect(again).toMatchObject({ replayed: true, transaction: { status: 'rejected' } });
    const other = transfer('alice', 'bob', 10n ** 15n + 1n, { key: text });
    expect(await books.open().post(other, timeMs)).toMatchObject({ kind: 'key_reused' });
  });

  it('waits for one that waits, and takes the command of one that failed apart', async () => {
    const text = canary();
    const command = transfer('alice', 'bob', 1, { key: text, ...details(text) });
    const lines = books.open({ wakeLine: async () => {} });
    await lines.accept(command, timeMs);
    expect(await plain.store.transaction(plain.ask(), command.id)).toBe('pending');
    const row = await recordRow(command.record);
    const failed = { ...row, status: 'failed', failedAt: 1_800_000_000_000n };
    await books.database.client.send(
      new PutItemCommand({ TableName: books.database.tables.ledger, Item: marshall(failed) }),
    );
    const place = (await ledgerRows(books)).find(({ PK }) => PK === `T#${tenant}#L#alice`);
    const Key = marshall({ PK: place?.PK, SK: place?.SK });
    await books.database.client.send(new DeleteItemCommand({ TableName: books.database.tables.ledger, Key }));
    expect(redacted(await plain.store.transaction(plain.ask(), command.id))).toMatchObject({
      transaction: { status: 'failed', redacted: { at: expect.any(Number) } },
    });
    expect(await contents(books)).not.toContain(text);
    expect(await lines.transactions.failedCommand(tenant, command.id)).toMatchObject({ postings: command.postings });
    lines.client.destroy();
  });

  it('knows no transaction that there is not, nor one that is a hold', async () => {
    const none = transactionIdOf(recordIdOf(tenant, 'nobody'));
    expect(await plain.store.transaction(plain.ask(), none)).toBeUndefined();
    const hold = createHold({ tenant, key: canary(), account: account('alice'), asset: usd, amount: 1n });
    await books.ledger.execute(hold, timeMs);
    expect(await plain.store.transaction(plain.ask(), hold.id)).toBeUndefined();
  });

  it('leaves a digest that was altered to be found', async () => {
    const { id, record } = await posted(canary());
    await plain.store.transaction(plain.ask(), id);
    const row = await recordRow(record);
    const put = (item: Record<string, unknown>) =>
      books.database.client.send(new PutItemCommand({ TableName: books.database.tables.ledger, Item: marshall(item) }));
    const mark = row.redacted as { at: bigint; detailsDigest: string };
    await put({ ...row, redacted: { ...mark, detailsDigest: '0'.repeat(64) } });
    const { findings } = await auditTable({ client: books.database.client, table: books.database.tables.ledger });
    expect(findings.map(({ kind }) => kind)).toEqual(['unlike_transaction', 'unlike_transaction']);
    expect(await selfAudit(books)).toEqual([
      expect.stringMatching(/^unlike_transaction /),
      expect.stringMatching(/^unlike_transaction /),
    ]);
    await put({ ...row, redacted: { at: mark.at } });
    const { findings: without } = await auditTable({
      client: books.database.client,
      table: books.database.tables.ledger,
    });
    expect(without.map(({ kind }) => kind)).toContain('unreadable_row');
    await put(row);
  });
});

describe('the redaction of a hold', () => {
  async function held(text: string) {
    const hold = createHold({
      tenant,
      key: text,
      account: account('alice'),
      asset: usd,
      amount: 10n,
      ...details(text),
    });
    expect(await books.ledger.execute(hold, timeMs)).toMatchObject({ kind: 'settled' });
    return hold;
  }

  it('removes what was written from it and from its records, before its end and after it', async () => {
    for (const endsFirst of [true, false]) {
      const text = canary();
      const hold = await held(text);
      const end = voidHold({ tenant, key: `${text} void`, holdId: hold.holdId });
      if (endsFirst) await books.ledger.execute(end, timeMs);
      await appendJournal(books);
      expect(await plain.store.hold(plain.ask(), hold.holdId)).toMatchObject({ redacted: { at: expect.any(Number) } });
      if (!endsFirst) await books.open().execute(end, timeMs);
      await appendJournal(books);
      const found = await contents(books);
      expect(found).not.toContain(`of ${text}`);
      expect(found).not.toContain(`"${text}"`);
      for (const command of [hold, end]) {
        expect(await books.open().execute(command, timeMs)).toMatchObject({
          kind: 'settled',
          replayed: true,
          result: { hold: { redacted: { at: expect.any(Number) } } },
        });
      }
      const other = createHold({ tenant, key: text, account: account('alice'), asset: usd, amount: 11n });
      expect(await books.open().execute(other, timeMs)).toMatchObject({ kind: 'key_reused' });
    }
    expect(await damage(books)).toEqual([]);
  });

  it('takes the texts of one that was made before holds had a salt, of which no hash tells anything', async () => {
    const text = canary();
    const { holdId, record } = await held(text);
    const { client, tables } = books.database;
    const { salt: _, ...hold } = rowOf(await ledgerRows(books), `T#${tenant}#H#${holdId}`);
    const row = await recordRow(record);
    const { salt: __, ...inRecord } = row.hold as Record<string, unknown>;
    for (const item of [hold, { ...row, hold: inRecord }]) {
      await client.send(new PutItemCommand({ TableName: tables.ledger, Item: marshall(item) }));
    }
    await appendJournal(books);
    expect(await damage(books)).toEqual([]);
    expect(await plain.store.hold(plain.ask(), holdId)).toMatchObject({ redacted: { at: expect.any(Number) } });
    expect(await contents(books)).not.toContain(`of ${text}`);
    await appendJournal(books);
    expect(await damage(books)).toEqual([]);
    const end = voidHold({ tenant, key: `${text} void`, holdId });
    expect(await books.open().execute(end, timeMs)).toMatchObject({ kind: 'settled' });
    await appendJournal(books);
    expect(await damage(books)).toEqual([]);
  });

  it('leaves captures, before and after, as they are', async () => {
    const text = canary();
    const hold = await held(text);
    const capture = (amount: bigint) =>
      captureHold({ tenant, key: `${text} ${amount}`, holdId: hold.holdId, destination: account('bob'), amount });
    expect(await books.ledger.post(capture(3n), timeMs)).toMatchObject({ kind: 'settled' });
    await plain.store.hold(plain.ask(), hold.holdId);
    expect(await books.open().post(capture(7n), timeMs)).toMatchObject({ kind: 'settled' });
    expect(await books.ledger.holds.get(tenant, hold.holdId)).toMatchObject({
      status: 'captured',
      captured: 10n,
      redacted: { at: expect.any(Number) },
    });
    expect(await contents(books)).not.toContain(`of ${text}`);
    await appendJournal(books);
    expect(await damage(books)).toEqual([]);
  });

  it('never has its texts written back by an operation at the same time', async () => {
    for (let round = 0; round < 12; round++) {
      const text = canary();
      const hold = await held(text);
      const instance = books.open();
      const operation =
        round % 2 === 0
          ? voidHold({ tenant, key: `${text} void`, holdId: hold.holdId })
          : captureHold({ tenant, key: `${text} part`, holdId: hold.holdId, destination: account('bob'), amount: 1n });
      const [outcome, after] = await Promise.all([
        instance.execute(operation, timeMs),
        plain.store.hold(plain.ask(), hold.holdId),
      ]);
      expect(outcome).toMatchObject({ kind: 'settled' });
      expect(after).toMatchObject({ redacted: { at: expect.any(Number) } });
      expect(await contents(books)).not.toContain(`of ${text}`);
      instance.client.destroy();
    }
  });

  it('knows no hold that there is not', async () => {
    expect(await plain.store.hold(plain.ask(), holdIdOf(recordIdOf(tenant, 'nobody')))).toBeUndefined();
  });
});

describe('a redaction that meets trouble', () => {
  const faults: readonly Fault[] = [
    { kind: 'dropAnswer' },
    { kind: 'cut' },
    { kind: 'serverError', when: 'after' },
    { kind: 'serverError', when: 'before' },
    { kind: 'conflict' },
    { kind: 'throttle' },
  ];

  it.each(faults)(
    'is done once, whichever of its calls fails: $kind',
    async (fault) => {
      for (let call = 0; call < 6; call++) {
        const [text, why] = [canary(), canary()];
        const { id } = await posted(text);
        const hold = createHold({
          tenant,
          key: why,
          account: account('alice'),
          asset: usd,
          amount: 1n,
          ...details(why),
        });
        await books.ledger.execute(hold, timeMs);
        for (const [target, ask] of [
          [id, () => faulty.store.transaction(faulty.ask(), id)],
          [hold.holdId, () => faulty.store.hold(faulty.ask(), hold.holdId)],
        ] as const) {
          proxy.rules.push({ fault, skip: call, count: 1 });
          await ask().catch((error: unknown) =>
            expect(error).toMatchObject({ code: expect.stringMatching(/unavailable|unknown/) }),
          );
          proxy.rules.length = 0;
          expect(await ask()).toMatchObject(
            target === id ? { result: { transaction: { redacted: {} } } } : { redacted: {} },
          );
          expect((await acts(books)).filter((act) => act.endsWith(target))).toHaveLength(1);
        }
        const found = await contents(books);
        expect(found).not.toContain(`of ${text}`);
        expect(found).not.toContain(`of ${why}`);
      }
    },
    60_000,
  );

  it('does not say that nothing was done where what it has done cannot be read again', async () => {
    const { id } = await posted(canary());
    const hold = createHold({ tenant, key: canary(), account: account('alice'), asset: usd, amount: 1n });
    await books.ledger.execute(hold, timeMs);
    await books.createAccount('ivy');
    for (const ask of [
      () => faulty.store.transaction(faulty.ask(), id),
      () => faulty.store.hold(faulty.ask(), hold.holdId),
      () => faulty.store.account(faulty.ask(), account('ivy')),
    ]) {
      proxy.rules.push({ fault: { kind: 'serverError', when: 'before' }, operation: 'GetItem', skip: 1 });
      await expect(ask()).rejects.toMatchObject({ code: 'outcome_unknown' });
      proxy.rules.length = 0;
    }
  });

  it('leaves nothing half done where the process ends at any of its calls', async () => {
    for (let call = 0; call < 6; call++) {
      const text = canary();
      const { id, record } = await posted(text);
      proxy.rules.push({ fault: { kind: 'cut' }, skip: call });
      await faulty.store.transaction({ ...faulty.ask(), timeMs: 300 }, id).catch(() => {});
      await proxy.settled();
      proxy.rules.length = 0;
      const isDone = 'redacted' in (await recordRow(record));
      expect((await acts(books)).includes(`transaction.redacted ${id}`)).toBe(isDone);
      expect((await contents(books)).includes(`of ${text}`)).toBe(!isDone);
    }
  });

  it('is done once, however many ask for it at one time, and told once', async () => {
    const { id } = await posted(canary());
    const hold = createHold({ tenant, key: canary(), account: account('alice'), asset: usd, amount: 1n });
    await books.ledger.execute(hold, timeMs);
    const instances = [plain, faulty, openRedactions(books), openRedactions(books)];
    const results = await Promise.all(
      instances.flatMap(({ store, ask }) => [store.transaction(ask(), id), store.hold(ask(), hold.holdId)]),
    );
    for (const instance of instances.slice(2)) instance.stop();
    expect(new Set(results.map((result) => (result === 'pending' ? result : typeof result)))).toEqual(
      new Set(['object']),
    );
    for (const target of [id, hold.holdId]) {
      expect((await acts(books)).filter((act) => act.endsWith(target))).toHaveLength(1);
      expect((await ledgerRows(books)).filter(({ subject }) => String(subject).endsWith(target))).toHaveLength(1);
    }
  });

  it('and its reversals at the same time do each other no harm', async () => {
    for (let round = 0; round < 10; round++) {
      const text = canary();
      const { id } = await posted(text);
      const reversals = [1n, 2n].map((amount) =>
        reverseTransaction({ tenant, key: `${text}${amount}`, reverses: id, amount }),
      );
      const instance = books.open();
      const outcomes = await Promise.all([
        plain.store.transaction(plain.ask(), id),
        ...reversals.map((reversal) => instance.post(reversal, timeMs)),
        appendJournal(books),
      ]);
      expect(outcomes.slice(1, 3)).toMatchObject([{ kind: 'settled' }, { kind: 'settled' }]);
      expect(await contents(books)).not.toContain(`of ${text}`);
      expect(await instance.transactions.record(tenant, id)).toMatchObject({ reversed: { reversedAmount: 3n } });
      instance.client.destroy();
    }
  });
});
