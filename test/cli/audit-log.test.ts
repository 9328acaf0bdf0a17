import { DeleteItemCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditLogCheck, type AuditRecordAnswer, hashOfRecord } from '../../cli/audit-log/audit-log-check.ts';
import { ApiClient } from '../support/api-client.ts';
import { readTable } from '../support/books.ts';
import { startEmbeddedHere, type TestRuntime } from '../support/embedded.ts';
import { type CommandResult, florin, jsonLines, rowsOf } from './florin-process.ts';

type Row = Record<string, unknown>;

let runtime: TestRuntime;
let api: ApiClient;
let dynamodb: DynamoDBClient;
let records: readonly AuditRecordAnswer[];
beforeAll(async () => {
  runtime = await startEmbeddedHere();
  api = new ApiClient(runtime.url, runtime.apiKey);
  dynamodb = new DynamoDBClient({
    endpoint: runtime.dynamodbEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  for (let i = 1; i <= 4; i++) await api.settle('/v1/assets', { code: `AUDITED_${i}` });
  records = (await api.get('/v1/admin/audit-log?limit=100')).body.data;
});
afterAll(async () => {
  dynamodb.destroy();
  await runtime.stop();
});

function run(...args: readonly string[]): Promise<CommandResult> {
  return florin(['audit-log', ...args], { FLORIN_URL: runtime.url, FLORIN_API_KEY: runtime.apiKey });
}

/** Runs `look` while the row of a record is what was made of it, or gone, then puts it back. */
async function whileDamaged(number: number, change: Row | undefined, look: () => Promise<void>): Promise<void> {
  const [TableName = ''] = Object.entries(runtime.tables).flatMap(([id, name]) =>
    id.startsWith('Platform') ? [name] : [],
  );
  const rows = await readTable(dynamodb, TableName);
  const row = rows.find(({ PK, SK }) => PK === 'T#default#AUDIT' && SK === `R#${String(number).padStart(12, '0')}`);
  if (!row) throw new Error(`no row of record ${number}`);
  if (change) await dynamodb.send(new PutItemCommand({ TableName, Item: marshall({ ...row, ...change }) }));
  else await dynamodb.send(new DeleteItemCommand({ TableName, Key: marshall({ PK: row.PK, SK: row.SK }) }));
  try {
    await look();
  } finally {
    await dynamodb.send(new PutItemCommand({ TableName, Item: marshall(row) }));
  }
}

async function found(...args: readonly string[]): Promise<string[]> {
  const { stdout } = await run('verify', '--json', ...args);
  return jsonLines(stdout)
    .filter(({ kind }) => kind)
    .map(({ kind, number }) => `${kind} ${number}`);
}

describe('florin audit-log verify', () => {
  it('finds everything in order, and names the head', async () => {
    const [newest] = records;
    expect(await run('verify')).toEqual({
      code: 0,
      stderr: '',
      stdout: `${records.length} records: all in order\nhead ${newest?.number}:${newest?.hash}\n`,
    });
    expect(await run('verify', '--head', `${newest?.number}:${newest?.hash}`)).toMatchObject({ code: 0 });
    expect(await run('verify', '--head', '7')).toMatchObject({ code: 2 });
  });

  it('names a record that was changed, that is missing, or that was written anew', async () => {
    const last = records.length;
    await whileDamaged(last - 1, { target: 'OTHER' }, async () => {
      expect(await found()).toEqual([`hash_mismatch ${last - 1}`]);
      expect(await run('verify')).toMatchObject({ code: 7, stderr: 'The audit log is damaged: 1 findings.\n' });
    });
    await whileDamaged(last - 1, undefined, async () => {
      expect(await found()).toEqual([`record_missing ${last}`, `chain_broken ${last}`]);
    });
    await whileDamaged(1, undefined, async () => {
      expect(await found()).toEqual(['record_missing 2']);
    });
    const [newest] = records as [AuditRecordAnswer];
    const anew = { ...newest, target: 'OTHER' };
    await whileDamaged(last, { target: 'OTHER', hash: hashOfRecord(anew, 'default') }, async () => {
      expect(await found()).toEqual([]);
      expect(await found('--head', `${newest.number}:${newest.hash}`)).toEqual([`head_mismatch ${last}`]);
    });
  });

  it('misses an end that was cut off only where nobody kept a head', async () => {
    const [newest] = records as [AuditRecordAnswer];
    await whileDamaged(records.length, undefined, async () => {
      expect(await found()).toEqual([]);
      expect(await found('--head', `${newest.number}:${newest.hash}`)).toEqual([`head_missing ${newest.number}`]);
    });
  });

  it('is of one tenant', async () => {
    expect((await found('--tenant', 'other')).length).toBe(records.length);
    expect((await run('verify', '--tenant', 'other')).stderr).toContain('Is other the right --tenant?');
  });
});

describe('florin audit-log list', () => {
  it('shows the newest', async () => {
    const rows = rowsOf((await run('list', '--limit', '2')).stdout);
    expect(rows.map(([number, , action, target, client]) => [number, action, target, client])).toEqual(
      records.slice(0, 2).map(({ number, action, target, actor }) => [number, action, target, actor.client]),
    );
    const chosen = await run('list', '--json', '--target', 'AUDITED_2', '--action', 'asset.created');
    expect(jsonLines(chosen.stdout)).toEqual(records.filter(({ target }) => target === 'AUDITED_2'));
  });
});

describe('florin audit-log export', () => {
  it('writes all of it, and last that it was exported', async () => {
    const { stdout, code } = await run('export');
    expect(code).toBe(0);
    const lines = jsonLines(stdout);
    expect(lines.slice(0, -1)).toEqual([...records].reverse());
    expect(lines.at(-1)).toMatchObject({ action: 'audit_log.exported' });
  });
});

describe('the check of an audit log', () => {
  const chain = (changes: readonly Row[]): AuditRecordAnswer[] => {
    let previousHash = '0'.repeat(64);
    return changes.map((change, index) => {
      const actor = { tenant: 'default', client: 'test' };
      const bare = {
        number: String(index + 1),
        at: `2026-11-21T10:00:0${index}.000Z`,
        action: 'a',
        target: 't',
        actor,
      };
      const record = { ...bare, nonce: 'n', previousHash, hash: '', ...change };
      previousHash = hashOfRecord(record, 'default');
      return { ...record, hash: previousHash };
    });
  };
  const check = (list: readonly AuditRecordAnswer[]) => {
    const of = new AuditLogCheck('default', undefined);
    return [...[...list].reverse().flatMap((record) => [...of.add(record)]), ...of.end()].map(({ kind }) => kind);
  };

  it('names times that go back, a wrong beginning, and records in another order', () => {
    expect(check(chain([{}, {}, {}]))).toEqual([]);
    expect(check(chain([{}, { at: '2026-11-21T09:00:00.000Z' }]))).toEqual(['time_reversed']);
    expect(check(chain([{ previousHash: '1'.repeat(64) }]))).toEqual(['chain_broken']);
    const [first, second, third] = chain([{}, {}, {}]) as [AuditRecordAnswer, AuditRecordAnswer, AuditRecordAnswer];
    expect(check([second, first, third])).toContain('record_missing');
    expect(check([])).toEqual([]);
  });

  it('covers what a later service adds to records', () => {
    const [record] = chain([{ place: 'Berlin' }]) as [AuditRecordAnswer];
    expect(check([record])).toEqual([]);
    expect(check([{ ...record, place: 'Paris' }])).toEqual(['hash_mismatch']);
  });

  it('lets nothing stand in a record that is not hashed', () => {
    const [record] = chain([{}]) as [AuditRecordAnswer];
    expect(check([{ ...record, tenant: 'other' }])).toEqual(['hash_mismatch']);
    expect(check([{ ...record, tenant: 'default' }])).toEqual(['hash_mismatch']);
    expect(check([{ ...record, v: 2 }])).toEqual(['hash_mismatch']);
  });
});
