import { createHash } from 'node:crypto';
import { DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EntryAnswer } from '../../cli/api/answers.ts';
import { ChainCheck } from '../../cli/audit/chain-check.ts';
import type { AccountId, AssetCode } from '../../lib/ledger/index.ts';
import { ApiClient } from '../support/api-client.ts';
import { startEmbeddedHere, type TestRuntime } from '../support/embedded.ts';
import { type CommandResult, florin, jsonLines } from './florin-process.ts';

/** SHA-256 over the members in the order of their names, written out as docs/reference/entry-hash.md lists them. */
function hashOf(entry: Omit<EntryAnswer, 'hash'>, tenant = 'default'): string {
  const { account, amount, asset, balanceAfter, createdAt, detailsDigest, previousHash } = entry;
  const { sequence, transactionId, type } = entry;
  const first = { account, amount, asset, balanceAfter, createdAt, detailsDigest, previousHash };
  const text = JSON.stringify({ ...first, sequence, shard: 0, tenant, transactionId, type, v: 1 });
  return createHash('sha256').update(text).digest('hex');
}

function hashed(entry: Omit<EntryAnswer, 'hash'>): EntryAnswer {
  return { ...entry, hash: hashOf(entry) } as EntryAnswer;
}

/** A sound history of so many entries. */
function historyOf(length: number): EntryAnswer[] {
  const entries: EntryAnswer[] = [];
  for (let index = 0; index < length; index++) {
    const before = entries[index - 1];
    const amount = index % 3 === 2 ? -5 : 10;
    entries.push(
      hashed({
        account: 'alice' as AccountId,
        asset: 'USD/2' as AssetCode,
        sequence: String(index + 1),
        amount: String(amount),
        balanceAfter: String(Number(before?.balanceAfter ?? 0) + amount),
        transactionId: `tx_${index}`,
        type: 'transfer',
        counterparties: ['bob'],
        createdAt: new Date(1_700_000_000_000 + 1_000 * Math.floor(index / 2)).toISOString(),
        previousHash: before?.hash ?? '0'.repeat(64),
        detailsDigest: 'd'.repeat(64),
      }),
    );
  }
  return entries;
}

/** What is found in a history, as `kind sequence`. */
function found(entries: readonly EntryAnswer[], tenant = 'default'): string[] {
  const chain = new ChainCheck(tenant);
  return entries.flatMap((entry) => chain.add(entry)).map(({ kind, sequence }) => `${kind} ${sequence}`);
}

/** A sound history of ten entries, with one of them changed; the hash is made anew where `isRehashed`. */
function changed(index: number, change: Partial<EntryAnswer>, isRehashed = false): EntryAnswer[] {
  const entries = historyOf(10);
  const entry = { ...(entries[index] as EntryAnswer), ...change };
  entries[index] = isRehashed ? hashed(entry) : entry;
  return entries;
}

describe('ChainCheck', () => {
  it('finds nothing in a sound history, and knows where it has come to', () => {
    const entries = historyOf(10);
    expect(found(entries)).toEqual([]);
    const chain = new ChainCheck('default');
    for (const entry of entries) chain.add(entry);
    expect(chain.head).toMatchObject({ sequence: 10n, posted: 55n, hash: entries[9]?.hash });
  });

  it.each<[string, EntryAnswer[], string[]]>([
    ['a changed type', changed(4, { type: 'refund' }), ['hash_mismatch 5']],
    ['a changed description digest', changed(4, { detailsDigest: 'e'.repeat(64) }), ['hash_mismatch 5']],
    ['a changed amount', changed(4, { amount: '11' }), ['hash_mismatch 5', 'balance_after_mismatch 5']],
    [
      'a changed amount with its hash',
      changed(4, { amount: '11' }, true),
      ['balance_after_mismatch 5', 'chain_broken 6'],
    ],
    [
      'an entry made anew, sum and hash',
      changed(4, { amount: '11', balanceAfter: '36' }, true),
      ['balance_after_mismatch 6', 'chain_broken 6'],
    ],
    ['a missing entry', historyOf(10).toSpliced(4, 1), ['sequence_gap 6']],
    ['a missing first entry', historyOf(10).slice(1), ['sequence_gap 2']],
    ['an entry twice', historyOf(10).toSpliced(4, 0, historyOf(10)[4] as EntryAnswer), ['sequence_gap 5']],
    ['a broken chain', changed(4, { previousHash: 'f'.repeat(64) }, true), ['chain_broken 5', 'chain_broken 6']],
    ['a time before the one before', changed(9, { createdAt: '2020-01-01T00:00:00.000Z' }, true), ['time_reversed 10']],
  ])('names %s, once', (_, entries, expected) => {
    expect(found(entries)).toEqual(expected);
  });

  it('finds nothing right for another tenant', () => {
    expect(found(historyOf(3), 'other')).toEqual(['hash_mismatch 1', 'hash_mismatch 2', 'hash_mismatch 3']);
  });
});

type Row = Record<string, unknown>;

describe('florin audit', () => {
  let runtime: TestRuntime;
  let api: ApiClient;
  let dynamodb: DynamoDBClient;

  beforeAll(async () => {
    runtime = await startEmbeddedHere();
    api = new ApiClient(runtime.url, runtime.apiKey);
    dynamodb = new DynamoDBClient({
      endpoint: runtime.dynamodbEndpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    await api.settle('/v1/accounts', { id: 'victim' });
    for (let payment = 0; payment < 5; payment++) {
      await api.settle('/v1/accounts/victim/deposits', { asset: 'USD/2', amount: '100' });
    }
    // More than a page of entries, so that the auditor carries the chain from one to the next.
    await Promise.all(
      Array.from({ length: 130 }, () =>
        api.settle('/v1/accounts/user_002/top-ups', { asset: 'DIAMONDS', amount: '1' }),
      ),
    );
  });
  afterAll(async () => {
    dynamodb.destroy();
    await runtime.stop();
  });

  function audit(...args: readonly string[]): Promise<CommandResult> {
    return florin(['audit', ...args], { FLORIN_URL: runtime.url, FLORIN_API_KEY: runtime.apiKey });
  }

  /** Kinds of damage found, with the place of each. */
  async function damage(...args: readonly string[]): Promise<string[]> {
    const { code, stdout } = await audit('--json', ...args);
    const lines = jsonLines(stdout);
    const findings = lines.slice(0, -1);
    expect(lines.at(-1)).toMatchObject({ findings: findings.length });
    expect(code).toBe(findings.length > 0 ? 7 : 0);
    return findings.map(({ kind, account, asset, sequence }) =>
      [kind, account, asset, sequence].filter((part) => part !== undefined).join(' '),
    );
  }

  async function rowsOfVictim(prefix: string): Promise<Row[]> {
    const { Items = [] } = await dynamodb.send(
      new QueryCommand({
        TableName: ledgerTable(),
        KeyConditionExpression: 'PK = :pk AND begins_with(SK, :prefix)',
        ExpressionAttributeValues: marshall({ ':pk': 'T#default#A#victim', ':prefix': prefix }),
      }),
    );
    return Items.map((item) => unmarshall(item, { wrapNumbers: BigInt }));
  }

  function ledgerTable(): string {
    const [name] = Object.entries(runtime.tables).flatMap(([id, table]) => (id.startsWith('Ledger') ? [table] : []));
    if (name === undefined) throw new Error(`no ledger among ${Object.keys(runtime.tables)}`);
    return name;
  }

  async function put(row: Row): Promise<void> {
    await dynamodb.send(new PutItemCommand({ TableName: ledgerTable(), Item: marshall(row) }));
  }

  /** Runs `look` while rows are what was made of them, then puts them back. */
  async function whileDamaged(originals: readonly Row[], damaged: readonly Row[], look: () => Promise<void>) {
    for (const row of damaged) await put(row);
    try {
      await look();
    } finally {
      for (const row of originals) await put(row);
    }
  }

  it('finds everything in order', async () => {
    const { code, stdout, stderr } = await audit();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^6 accounts, \d+ balances, \d+ entries: all in order\n$/);
    const all = jsonLines((await audit('--json')).stdout)[0];
    expect(all).toMatchObject({ accounts: 6, findings: 0 });
    expect(all.entries).toBeGreaterThan(2 * 130);
  });

  it('looks at single accounts', async () => {
    const { code, stdout } = await audit('--account', 'victim', '--account', 'user_001', '--json');
    expect(code).toBe(0);
    expect(jsonLines(stdout)).toEqual([{ accounts: 2, balances: 5, entries: 9, unsettled: 0, findings: 0 }]);
    expect(await audit('--account', 'nobody')).toMatchObject({ code: 4 });
  });

  it('raises no false alarm while others write', async () => {
    let isOver = false;
    const counts = [0, 0, 0];
    const write = async (which: number, source: string, destination: string): Promise<void> => {
      for (; !isOver; counts[which] = (counts[which] as number) + 1)
        await api.settle('/v1/transfers', { source, destination, asset: 'GOLD_COINS', amount: '1' });
    };
    const writers = [
      write(0, 'user_001', 'user_002'),
      write(1, 'user_002', 'user_001'),
      write(2, 'system:treasury', 'victim'),
    ];
    const cut = new Date().toISOString();
    for (let round = 0; round < 3 || Math.min(...counts) <= 10; round++) expect(await damage()).toEqual([]);
    // Everything of that moment has arrived by now, so that its sums are exact while the balances move on.
    expect(await damage('--at', cut)).toEqual([]);
    isOver = true;
    await Promise.all(writers);
  });

  it('names a balance that is off by one', async () => {
    const [balance = {}] = await rowsOfVictim('B#USD/2');
    await whileDamaged([balance], [{ ...balance, posted: (balance.posted as bigint) + 1n }], async () => {
      expect(await damage()).toEqual(['balance_mismatch victim USD/2']);
      const { stdout } = await audit('--account', 'victim');
      expect(stdout).toContain('(expected 500, found 501)');
    });
  });

  it('names a balance that stands at an older entry than the last', async () => {
    const [balance = {}] = await rowsOfVictim('B#USD/2');
    const third = (await rowsOfVictim('E#USD/2'))[2] ?? {};
    const lastEntryAt = BigInt(String(third.SK).split('#')[2] ?? '');
    await whileDamaged([balance], [{ ...balance, posted: third.balanceAfter, lastEntryAt }], async () => {
      expect(await damage()).toEqual(['balance_mismatch victim USD/2']);
    });
  });

  it('names a changed entry', async () => {
    const entry = (await rowsOfVictim('E#USD/2'))[2] ?? {};
    await whileDamaged([entry], [{ ...entry, type: 'bonus' }], async () => {
      expect(await damage()).toEqual(['hash_mismatch victim USD/2 3']);
    });
    await whileDamaged([entry], [{ ...entry, previousHash: Buffer.alloc(32) }], async () => {
      expect(await damage()).toEqual(['hash_mismatch victim USD/2 3', 'chain_broken victim USD/2 3']);
    });
  });

  it('names an entry that was made anew, with everything behind it, by its sum', async () => {
    const entries = await rowsOfVictim('E#USD/2');
    const [balance = {}] = await rowsOfVictim('B#USD/2');
    const { body } = await api.get('/v1/accounts/victim/entries?asset=USD.2&order=desc&limit=1');
    const { hash: _, ...newest } = body.data[0];
    const forged = hashOf({ ...newest, amount: '101', balanceAfter: '501' });
    const hash = Buffer.from(forged, 'hex');
    const last = entries.at(-1) ?? {};
    const damaged = [
      { ...last, amount: 101n, balanceAfter: 501n, hash },
      { ...balance, posted: 501n, headHash: hash },
    ];
    expect(balance).toHaveProperty('headHash');
    await whileDamaged([last, balance], damaged, async () => {
      expect(await damage('--at', new Date().toISOString())).toEqual(['sum_not_zero USD/2']);
    });
  });

  it('wonders about the tenant when nothing fits', async () => {
    const { code, stderr } = await audit('--tenant', 'other', '--account', 'victim');
    expect(code).toBe(7);
    expect(stderr).toContain('Is other the right --tenant?');
  });

  it('is in order again after all this', async () => {
    expect(await damage('--at', new Date().toISOString())).toEqual([]);
  });
});
