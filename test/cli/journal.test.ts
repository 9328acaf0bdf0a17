import { DeleteItemCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BlockAnswer, EventAnswer } from '../../cli/journal/journal-answers.ts';
import { JournalCheck } from '../../cli/journal/journal-check.ts';
import { ApiClient } from '../support/api-client.ts';
import { readTable } from '../support/books.ts';
import { startEmbeddedHere, type TestRuntime } from '../support/embedded.ts';
import { type CommandResult, florin, jsonLines, rowsOf, startFlorin } from './florin-process.ts';

type Row = Record<string, unknown>;

let runtime: TestRuntime;
let api: ApiClient;
let dynamodb: DynamoDBClient;
beforeAll(async () => {
  runtime = await startEmbeddedHere();
  api = new ApiClient(runtime.url, runtime.apiKey);
  dynamodb = new DynamoDBClient({
    endpoint: runtime.dynamodbEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  await api.settle('/v1/accounts', { id: 'victim' });
  for (let i = 0; i < 110; i++) {
    await api.settle('/v1/transfers', {
      source: 'system:treasury',
      destination: 'victim',
      asset: 'USD/2',
      amount: '1',
    });
  }
  const { body } = await api.settle('/v1/holds', {
    account: 'victim',
    asset: 'USD/2',
    amount: '9',
    description: 'Room',
  });
  await api.settle(`/v1/holds/${body.id}/captures`, { destination: 'system:revenue', amount: '4' });
  await api.settle(`/v1/holds/${body.id}/void`, undefined);
  await runtime.drained();
});
afterAll(async () => {
  dynamodb.destroy();
  await runtime.stop();
});

function run(...args: readonly string[]): Promise<CommandResult> {
  return florin(args, { FLORIN_URL: runtime.url, FLORIN_API_KEY: runtime.apiKey });
}

/** What is found, as `kind sequence`. */
async function found(...args: readonly string[]): Promise<string[]> {
  const { stdout } = await run('journal', 'verify', '--json', ...args);
  return jsonLines(stdout)
    .filter(({ kind }) => kind)
    .map(({ kind, sequence = '', subject = '' }) => `${kind} ${sequence} ${subject}`.trim());
}

function ledgerTable(): string {
  const [name] = Object.entries(runtime.tables).flatMap(([id, table]) => (id.startsWith('Ledger') ? [table] : []));
  if (name === undefined) throw new Error(`no ledger among ${Object.keys(runtime.tables)}`);
  return name;
}

/** Runs `look` while a row is what was made of it, or gone, then puts it back. */
async function whileDamaged(row: Row, damaged: Row | undefined, look: () => Promise<void>): Promise<void> {
  const TableName = ledgerTable();
  if (damaged) await dynamodb.send(new PutItemCommand({ TableName, Item: marshall(damaged) }));
  else await dynamodb.send(new DeleteItemCommand({ TableName, Key: marshall({ PK: row.PK, SK: row.SK }) }));
  try {
    await look();
  } finally {
    await dynamodb.send(new PutItemCommand({ TableName, Item: marshall(row) }));
  }
}

async function rowWhere(test: (row: Row) => boolean): Promise<Row> {
  const row = (await readTable(dynamodb, ledgerTable())).find(test);
  if (!row) throw new Error('no such row');
  return row;
}

const block = (number: number) => (row: Row) => row.SK === `BLOCK#${String(number).padStart(12, '0')}`;

describe('florin journal verify', () => {
  it('finds everything in order, and names the hash that it comes to', async () => {
    const { code, stdout, stderr } = await run('journal', 'verify');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^\d+ blocks, \d+ events: all in order\nblock \d+ has the hash [0-9a-f]{64}\n$/);
    const [summary] = jsonLines((await run('journal', 'verify', '--json')).stdout);
    expect(summary.events).toBeGreaterThan(114);
    const from = await run('journal', 'verify', '--json', '--from', '2');
    expect(jsonLines(from.stdout)).toMatchObject([{ blocks: summary.blocks - 1, lastHash: summary.lastHash }]);
    expect(await run('journal', 'verify', '--from', '999999')).toMatchObject({ code: 2 });
  });

  it('names a changed event, whatever was changed of it', async () => {
    const record = await rowWhere(
      ({ SK, status, type }) => SK === 'RECORD' && status === 'posted' && type === 'capture',
    );
    await whileDamaged(record, { ...record, createdAt: 5n }, async () => {
      expect(await found()).toEqual([expect.stringMatching(/^event_hash_mismatch \d+$/)]);
      expect(await run('journal', 'verify')).toMatchObject({ code: 7 });
    });
    const held = await rowWhere(({ SK, status }) => SK === 'RECORD' && status === 'hold');
    const description = { ...(held.hold as Row), description: 'Suite' };
    await whileDamaged(held, { ...held, hold: description }, async () => {
      expect(await found()).toEqual([expect.stringMatching(/^event_hash_mismatch \d+$/)]);
    });
    const change = await rowWhere(({ SK }) => SK === 'CHANGE');
    await whileDamaged(change, { ...change, salt: 'other' }, async () => {
      expect(await found()).toEqual([expect.stringMatching(/^event_hash_mismatch \d+$/)]);
    });
  });

  it('names a changed block, and a chain that is broken', async () => {
    const second = await rowWhere(block(2));
    await whileDamaged(second, { ...second, createdAt: 5n }, async () => {
      expect(await found()).toEqual(['block_hash_mismatch']);
    });
    const [first = {}, ...others] = second.events as Row[];
    const events = [{ ...first, hash: Buffer.alloc(32) }, ...others];
    await whileDamaged(second, { ...second, events }, async () => {
      expect(await found()).toEqual(['block_hash_mismatch', `event_hash_mismatch ${second.firstSequence}`]);
    });
    await whileDamaged(second, { ...second, hash: Buffer.alloc(32) }, async () => {
      const third = (await readTable(dynamodb, ledgerTable())).some(block(3));
      expect(await found()).toEqual(['block_hash_mismatch', ...(third ? ['chain_broken'] : [])]);
    });
  });

  it('wants the tenant that was hashed', async () => {
    const { code, stdout, stderr } = await run('journal', 'verify', '--tenant', 'other');
    expect(code).toBe(7);
    expect(stdout).toContain('block_hash_mismatch');
    expect(stderr).toContain('Is other the right --tenant?');
  });
});

describe('florin events', () => {
  it('shows what happened, of the types that are wanted, behind a sequence', async () => {
    const holds = await run('events', '--types', 'hold.*');
    expect(rowsOf(holds.stdout).map(([, , type]) => type)).toEqual(['hold.created', 'hold.voided']);
    const all = jsonLines((await run('events', '--json')).stdout);
    expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_, index) => String(index + 1)));
    const rest = jsonLines((await run('events', '--json', '--after', '100', '--limit', '7')).stdout);
    expect(rest).toEqual(all.slice(100, 107));
    expect(await run('events', '--types', 'nothing')).toMatchObject({ code: 2 });
  });

  it('goes on with what happens', async () => {
    const environment = { FLORIN_URL: runtime.url, FLORIN_API_KEY: runtime.apiKey };
    const command = startFlorin(['events', '--json', '--follow', '--types', 'account.created'], environment);
    let text = '';
    const seen = new Promise<void>((resolve) => {
      command.process.stdout?.on('data', (chunk: string) => {
        text += chunk;
        if (text.includes('"latecomer"')) resolve();
      });
    });
    await api.settle('/v1/accounts', { id: 'latecomer' });
    await seen;
    command.process.kill();
    await command.ended;
    expect(jsonLines(text).at(-1)).toMatchObject({ type: 'account.created', data: { id: 'latecomer' } });
  });
});

describe('florin journal verify, of what was redacted', () => {
  it('finds it in order, and names each record whose digest was changed since', async () => {
    const said = { description: 'Rent of Jane', metadata: { name: 'Jane' } };
    const moved = { source: 'system:treasury', destination: 'victim', asset: 'USD/2', amount: '3', ...said };
    const transfer = (await api.settle('/v1/transfers', moved)).body.id;
    const hold = (await api.settle('/v1/holds', { account: 'victim', asset: 'USD/2', amount: '9', ...said })).body.id;
    await api.settle('/v1/accounts', { id: 'jane', owner: 'Jane', metadata: said.metadata });
    await runtime.drained();
    for (const path of [`transactions/${transfer}`, `holds/${hold}`, 'accounts/jane']) {
      expect(await api.settle(`/v1/${path}/redaction`, { reason: 'erasure' })).toMatchObject({ status: 200 });
    }
    await runtime.drained();
    expect(await found()).toEqual([]);
    const otherDigest = '0'.repeat(64);
    const record = await rowWhere(({ PK, SK }) => SK === 'RECORD' && String(PK).endsWith(transfer.slice('tx_'.length)));
    const held = await rowWhere(({ PK, SK }) => SK === 'RECORD' && String(PK).endsWith(hold.slice('hold_'.length)));
    const opened = await rowWhere(({ subject, number }) => subject === 'account/jane' && number === 1n);
    const unlike = {
      ...(held.hold as Row),
      redacted: { ...((held.hold as Row).redacted as Row), detailsDigest: otherDigest },
    };
    const mismatch = expect.stringMatching(/^event_hash_mismatch \d+$/);
    await whileDamaged(opened, { ...opened, detailsDigest: otherDigest }, () =>
      whileDamaged(held, { ...held, hold: unlike }, () =>
        whileDamaged(
          record,
          { ...record, redacted: { ...(record.redacted as Row), detailsDigest: otherDigest } },
          async () => {
            expect(await found()).toEqual([mismatch, mismatch, mismatch]);
          },
        ),
      ),
    );
  });
});

describe('JournalCheck', () => {
  const events = ['2', '1'].map(
    (entry, index): EventAnswer => ({
      id: `evt_${index}`,
      sequence: String(index + 1),
      type: 'transaction.posted',
      time: '2026-11-21T10:00:00.000Z',
      data: { id: `tx_${index}`, entries: [{ account: 'alice', asset: 'USD/2', sequence: entry }] },
    }),
  );
  const answer: BlockAnswer = {
    number: '1',
    firstSequence: '1',
    previousHash: '0'.repeat(64),
    hash: 'f'.repeat(64),
    createdAt: '2026-11-21T10:00:00.000Z',
    events: events.map(({ data: _, ...event }) => ({ ...event, hash: '' })),
  };
  const kinds = (block: BlockAnswer, shown: readonly EventAnswer[]) =>
    new JournalCheck('default').add(block, shown).map(({ kind, sequence }) => `${kind} ${sequence ?? ''}`.trim());

  it('names an order that contradicts a balance', () => {
    const findings = kinds(answer, events).filter((kind) => kind.startsWith('order'));
    expect(findings).toEqual(['order_contradicted 1', 'order_contradicted 2']);
  });

  it('names blocks and events that are missing or elsewhere', () => {
    expect(kinds({ ...answer, number: '2' }, events)).toContain('block_missing');
    expect(kinds({ ...answer, firstSequence: '2' }, events)).toContain('sequence_gap');
    expect(kinds(answer, events.toReversed())).toContain('event_missing 1');
    expect(kinds(answer, [])).toContain('event_missing 2');
  });
});
