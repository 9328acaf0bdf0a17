import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { maxSettlingMs } from '../../lib/ledger/index.ts';
import { type RuntimeProcess, startEmbeddedProcess } from '../support/embedded.ts';
import { type CommandResult, florin, jsonLines, rowsOf, saidKey } from './florin-process.ts';

let runtime: RuntimeProcess;
/** When the demo data had been made. */
let madeAt: number;

beforeAll(async () => {
  runtime = await startEmbeddedProcess();
  madeAt = Date.now();
});
afterAll(() => runtime.stop());

/** Runs a command against the runtime. It finds address and key by itself, in the runtime's data folder. */
function run(...args: readonly string[]): Promise<CommandResult> {
  return florin(args, { FLORIN_DATA: runtime.dataFolder });
}

/** Runs a command that is expected to work, and gives its rows. */
async function rows(...args: readonly string[]): Promise<string[][]> {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^(Idempotency-Key: .+\n)?$/) });
  return rowsOf(stdout);
}

async function availableIn(account: string, asset: string): Promise<string | undefined> {
  return (await rows('balance', account, asset))[0]?.[4];
}

describe('accounts and assets', () => {
  it('lists the assets of the demo data', async () => {
    expect(await rows('assets', 'list')).toContainEqual(['USD/2', '2', 'US dollars']);
  });

  it('registers an asset, and refuses it the second time', async () => {
    expect(await rows('assets', 'create', 'EUR/2', '--name', 'Euro')).toEqual([['EUR/2', '2', 'Euro']]);
    const again = await run('assets', 'create', 'EUR/2');
    expect(again).toMatchObject({ code: 5, stderr: expect.stringContaining('already_exists') });
  });

  it('creates, shows, freezes, unfreezes and closes an account', async () => {
    const [created] = await rows('accounts', 'create', 'carol', '--floor', 'USD/2=-5.00', '--metadata', 'tier=gold');
    expect(created).toEqual(['carol', 'active', 'USD/2=-5.00', 'tier=gold', expect.stringMatching(/Z$/)]);
    expect((await rows('accounts', 'freeze', 'carol'))[0]?.[1]).toBe('frozen');
    expect(await run('spend', 'carol', 'USD/2', '1')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('account_frozen'),
    });
    expect((await rows('accounts', 'unfreeze', 'carol'))[0]?.[1]).toBe('active');
    expect((await rows('accounts', 'close', 'carol'))[0]?.[1]).toBe('closed');
    expect((await rows('accounts', 'show', 'carol'))[0]?.[1]).toBe('closed');
  });

  it('gives an account without a name the same one for the same key', async () => {
    const [first] = await rows('accounts', 'create', '--key', 'nameless-1');
    const { code, stdout, stderr } = await run('accounts', 'create', '--key', 'nameless-1');
    expect(code).toBe(0);
    expect(rowsOf(stdout)[0]).toEqual(first);
    expect(stderr).toContain('This was done before');
  });

  it('lists all accounts, or as many as are wanted, with an unbounded one named so', async () => {
    const all = (await rows('accounts', 'list')).map(([id]) => id);
    expect(all).toEqual([...all].toSorted());
    expect(all).toEqual(expect.arrayContaining(['system:treasury', 'user_001', 'user_002']));
    const some = await rows('accounts', 'list', '--limit', '2');
    expect(some.map(([id]) => id)).toEqual(all.slice(0, 2));
    const [treasury] = await rows('accounts', 'show', 'system:treasury');
    expect(treasury?.slice(0, 3)).toEqual(['system:treasury', 'active', 'unbounded']);
  });
});

describe('moving money', () => {
  it('transfers an amount in major units, and shows both entries', async () => {
    const { code, stdout } = await run('transfer', 'user_001', 'user_002', 'USD.2', '10.50', '--description', 'Lunch');
    expect(code).toBe(0);
    const [head, description, ...table] = stdout.split('\n');
    expect(head).toMatch(/^tx_[a-z2-7]{52} {2}posted {2}transfer {2}2\S+Z$/);
    expect(description).toBe('Lunch');
    expect(rowsOf(table.join('\n'))).toEqual([
      ['user_001', 'USD/2', '-10.50', '89.50', '2'],
      ['user_002', 'USD/2', '10.50', '110.50', '2'],
    ]);
  });

  it('is done once for one key, and says so', async () => {
    const before = await availableIn('user_002', 'GOLD_COINS');
    const first = await run('transfer', 'user_001', 'user_002', 'GOLD_COINS', '5', '--json');
    const key = saidKey(first.stderr);
    const second = await run('transfer', 'user_001', 'user_002', 'GOLD_COINS', '5', '--json', '--key', key);
    expect(second).toEqual({
      code: 0,
      stdout: first.stdout,
      stderr: `Idempotency-Key: ${key}\nThis was done before; it is the answer given then.\n`,
    });
    expect(Number(await availableIn('user_002', 'GOLD_COINS'))).toBe(Number(before) + 5);
    const other = await run('transfer', 'user_001', 'user_002', 'GOLD_COINS', '6', '--key', key);
    expect(other).toMatchObject({ code: 5, stderr: expect.stringContaining('idempotency_key_reused') });
  });

  it.each([
    ['deposit', 'deposit', 'system:external', 1],
    ['withdraw', 'withdrawal', 'system:external', -1],
    ['top-up', 'top_up', 'system:treasury', 1],
    ['bonus', 'bonus', 'system:treasury', 1],
    ['spend', 'spend', 'system:revenue', -1],
  ])('%s', async (command, type, counterparty, sign) => {
    const [before] = jsonLines((await run('balance', 'user_002', 'DIAMONDS', '--json')).stdout);
    const { stdout } = await run(command, 'user_002', 'DIAMONDS', '3', '--metadata', 'order=7', '--json');
    const [transaction] = jsonLines(stdout);
    expect(transaction).toMatchObject({ status: 'posted', type, metadata: { order: '7' } });
    const entries: { account: string; amount: string; balanceAfter: string }[] = transaction.entries;
    expect(entries.map(({ account }) => account).toSorted()).toEqual([counterparty, 'user_002']);
    const own = entries.find(({ account }) => account === 'user_002');
    expect(own).toMatchObject({ amount: String(sign * 3), balanceAfter: String(Number(before.posted) + sign * 3) });
  });

  it('tells what a dry run would do, and does nothing', async () => {
    const before = await availableIn('user_001', 'USD/2');
    const { code, stdout, stderr } = await run('spend', 'user_001', 'USD/2', '0.50', '--dry-run');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^dry run {2}nothing was written {2}spend\n/);
    expect(await availableIn('user_001', 'USD/2')).toBe(before);
  });

  it('declines with exit code 3, with amounts in major units, and again for the same key', async () => {
    const args = ['transfer', 'user_001', 'user_002', 'USD/2', '1000000.00', '--key', 'too-much'];
    const first = await run(...args);
    expect(first).toMatchObject({ code: 3, stdout: '' });
    expect(first.stderr).toMatch(/insufficient_funds: .*available \d+\.\d\d, required 1000000\.00, transactionId tx_/);
    expect((await run(...args)).stderr).toContain('This was answered before');
  });

  it.each([
    [4, 'account_not_found', ['transfer', 'user_001', 'nobody', 'USD/2', '1']],
    [4, 'asset_not_found', ['transfer', 'user_001', 'user_002', 'ABC', '1']],
    [4, 'not_found', ['balance', 'nobody']],
    [4, 'not_found', ['history', 'nobody']],
    [4, 'not_found', ['transaction', `tx_${'a'.repeat(52)}`]],
    [2, 'same_account', ['transfer', 'user_001', 'user_001', 'USD/2', '1']],
    [2, 'more than zero', ['transfer', 'user_001', 'user_002', 'USD/2', '0']],
    [2, 'Nothing is rounded', ['transfer', 'user_001', 'user_002', 'USD/2', '1.005']],
    [2, 'is not an account id', ['transfer', '../assets', 'user_002', 'USD/2', '1']],
    [2, 'is not an asset code', ['balance', 'user_001', 'usd']],
    [2, 'is not an id', ['transaction', '../accounts']],
    [2, 'missing required argument', ['transfer', 'user_001']],
    [2, 'too many arguments', ['balance', 'a', 'USD/2', 'c']],
    [2, 'unknown option', ['balance', 'a', '--nope']],
    [2, 'unknown command', ['nope']],
    [2, 'whole number from 1', ['history', 'user_001', '--limit', '0']],
    [2, 'Allowed choices are desc, asc', ['history', 'user_001', '--order', 'up']],
    [2, 'RFC 3339', ['history', 'user_001', '--from', 'yesterday']],
    [2, 'name=value', ['spend', 'user_001', 'USD/2', '1', '--metadata', 'x']],
    [2, 'given twice', ['spend', 'user_001', 'USD/2', '1', '--metadata', 'x=1', '--metadata', 'x=2']],
    [8, 'unauthenticated', ['balance', 'user_001', '--api-key', `flk_dev_${'x'.repeat(32)}`]],
  ])('ends with %i: %s', async (code, message, args) => {
    const result = await run(...args);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toContain(message);
  });

  it('shows its help, which names every command', async () => {
    const { code, stdout, stderr } = await run('--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const name of ['accounts', 'transfer', 'history', 'import', 'export', 'audit']) {
      expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    }
    const { version } = jsonLines((await run('--version')).stdout.replace(/^(.*)$/m, '{"version":"$1"}'))[0];
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe('balances and histories', () => {
  beforeAll(async () => {
    await run('accounts', 'create', 'dave');
    for (const amount of ['1.00', '2.00', '3.00']) await run('deposit', 'dave', 'USD/2', amount);
  });

  it('shows all balances, or one, or one as of an instant', async () => {
    expect((await rows('balance', 'dave'))[0]?.slice(0, 5)).toEqual(['dave', 'USD/2', '6.00', '0.00', '6.00']);
    const [, second] = jsonLines((await run('history', 'dave', '--order', 'asc', '--json')).stdout);
    const at = ['--at', second.createdAt];
    expect(await rows('balance', 'dave', 'USD/2', ...at)).toEqual([['dave', 'USD/2', '3.00', second.createdAt, '2']]);
    expect(await rows('balance', 'dave', ...at)).toEqual([['dave', 'USD/2', '3.00', second.createdAt, '2']]);
  });

  it('says of an account without a floor that it is unbounded', async () => {
    expect(await availableIn('system:external', 'USD/2')).toBe('unbounded');
  });

  it('shows a history, newest first or oldest first, as much as is wanted', async () => {
    const amounts = async (...args: string[]) => (await rows('history', 'dave', ...args)).map((row) => row[3]);
    expect(await amounts()).toEqual(['3.00', '2.00', '1.00']);
    expect(await amounts('--order', 'asc', '--asset', 'USD.2')).toEqual(['1.00', '2.00', '3.00']);
    expect(await amounts('--limit', '2')).toEqual(['3.00', '2.00']);
    const [first] = jsonLines((await run('history', 'dave', '--order', 'asc', '--limit', '1', '--json')).stdout);
    expect(await amounts('--to', first.createdAt)).toEqual(['1.00']);
  });

  it('goes on from page to page', async () => {
    await run('accounts', 'create', 'erin');
    for (let batch = 0; batch < 21; batch++) {
      await Promise.all(Array.from({ length: 5 }, () => deposit('erin')));
    }
    const entries = jsonLines((await run('history', 'erin', '--limit', '102', '--order', 'asc', '--json')).stdout);
    expect(entries.map(({ sequence }) => Number(sequence))).toEqual(Array.from({ length: 102 }, (_, i) => i + 1));
    const exported = await run('export', '--account', 'erin');
    expect(jsonLines(exported.stdout)).toHaveLength(105);
  });

  async function deposit(account: string): Promise<void> {
    const response = await fetch(`${runtime.url}/v1/accounts/${account}/deposits`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${runtime.apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': crypto.randomUUID(),
      },
      body: JSON.stringify({ asset: 'USD/2', amount: '1' }),
    });
    expect(response.status).toBe(201);
  }

  it('shows one transaction, also a rejected one', async () => {
    const [made] = jsonLines((await run('bonus', 'dave', 'GOLD_COINS', '7', '--json')).stdout);
    const shown = await run('transaction', made.id, '--json');
    expect(jsonLines(shown.stdout)).toEqual([made]);
    const declined = await run('spend', 'dave', 'GOLD_COINS', '8', '--json');
    const { transactionId } = jsonLines(declined.stderr.split('\n').slice(1).join('\n'))[0];
    const { stdout } = await run('transaction', transactionId);
    expect(stdout).toMatch(/^tx_\w+ {2}rejected {2}insufficient_funds {2}spend/);
    expect(rowsOf(stdout.split('\n').slice(1).join('\n'))).toEqual([['dave', 'system:revenue', 'GOLD_COINS', '8']]);
  });
});

describe('export', () => {
  it('writes every entry of every account as the API gives it, up to an instant that it tells', async () => {
    const accounts = (await rows('accounts', 'list')).map(([id]) => id as string);
    const histories = await Promise.all(
      accounts.map(async (id) => jsonLines((await run('export', '--account', id)).stdout)),
    );
    const all = histories.flat();
    expect(all.length).toBeGreaterThan(100);
    // Until then an export of all accounts has nothing to tell, and a fast machine is here before that.
    await sleep(Math.max(0, madeAt + maxSettlingMs + 1_000 - Date.now()));
    const { code, stdout, stderr } = await run('export');
    expect(code).toBe(0);
    const end = /^Entries up to (\S+Z): /.exec(stderr)?.[1] ?? '';
    expect(Date.now() - Date.parse(end)).toBeGreaterThan(10_000);
    const byPlace = (entries: readonly { account: string; asset: string; sequence: string }[]) =>
      entries.toSorted((a, b) => placeOf(a).localeCompare(placeOf(b)));
    const expected = all.filter(({ createdAt }) => createdAt <= end);
    expect(expected.length).toBeGreaterThan(10);
    expect(byPlace(jsonLines(stdout))).toEqual(byPlace(expected));
    const dollars = jsonLines((await run('export', '--asset', 'USD.2', '--to', end)).stdout);
    expect(byPlace(dollars)).toEqual(byPlace(expected.filter(({ asset }) => asset === 'USD/2')));
  });

  function placeOf({ account, asset, sequence }: { account: string; asset: string; sequence: string }): string {
    return `${account} ${asset} ${sequence.padStart(12, '0')}`;
  }

  it('writes CSV that no spreadsheet takes for formulas, with CRLF', async () => {
    await run('accounts', 'create', 'frank');
    await run('deposit', 'frank', 'USD/2', '10.50', '--description', '=HYPERLINK("x"),\u2028y');
    await run('withdraw', 'frank', 'USD/2', '0.50');
    const { stdout } = await run('export', '--account', 'frank', '--format', 'csv');
    const [heading, first, second, end] = stdout.split('\r\n');
    expect(heading?.split(',').slice(0, 5)).toEqual(['account', 'asset', 'sequence', 'amount', 'balanceAfter']);
    expect(first).toMatch(/^frank,USD\/2,1,1050,1050,/);
    expect(first).toContain(`,"'=HYPERLINK(""x""),\u2028y",`);
    expect(second).toMatch(/^frank,USD\/2,2,-50,1000,/);
    expect(end).toBe('');
  });

  it('ends quietly when its reader has read enough', async () => {
    const script = fileURLToPath(new URL('../../cli/florin.js', import.meta.url));
    const shell = spawn(
      'sh',
      ['-c', `"${process.execPath}" "${script}" export --account system:external | head -n 1`],
      {
        env: { PATH: process.env.PATH, FLORIN_DATA: runtime.dataFolder },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let stderr = '';
    shell.stderr.on('data', (text) => {
      stderr += text;
    });
    const [code] = await once(shell, 'close');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describe('without a service', () => {
  it('says that it cannot be reached, with exit code 6', async () => {
    const stopped = await startEmbeddedProcess({ seed: false });
    const { dataFolder } = stopped;
    await stopped.kill();
    const result = await florin(['balance', 'user_001', '--timeout', '1', '--url', stopped.url], {
      FLORIN_DATA: dataFolder,
    });
    expect(result).toMatchObject({ code: 6, stderr: expect.stringContaining('could not be reached') });
    await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 });
  });
});
