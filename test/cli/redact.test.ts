import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RuntimeProcess, startEmbeddedProcess } from '../support/embedded.ts';
import { until } from '../support/until.ts';
import { type CommandResult, florin, jsonLines, saidKey } from './florin-process.ts';

const reason = ['--reason', 'erasure request 4711'];

let runtime: RuntimeProcess;
beforeAll(async () => {
  runtime = await startEmbeddedProcess();
});
afterAll(() => runtime.stop());

async function run(...args: readonly string[]): Promise<CommandResult> {
  const result = await florin(args, { FLORIN_DATA: runtime.dataFolder });
  expect(result).toMatchObject({ code: 0 });
  return result;
}

/** The id of what a command made. */
async function made(...args: readonly string[]): Promise<string> {
  const [first] = jsonLines((await run('--json', ...args)).stdout) as { id: string }[];
  if (!first) throw new Error(`${args.join(' ')} answered nothing`);
  return first.id;
}

describe('florin redact', () => {
  it('removes what was written, after which the books and the journal are still what they were to programs outside', async () => {
    const said = ['--description', 'Canary of Jane Doe', '--metadata', 'name=Jane'];
    const transaction = await made('transfer', 'user_001', 'user_002', 'USD/2', '1.00', ...said);
    const hold = await made('hold', 'create', 'user_001', 'USD/2', '1.00', ...said);
    const account = await made('accounts', 'create', 'jane', '--owner', 'Jane Doe', '--metadata', 'name=Jane');
    const events = async () => (await run('--json', 'events')).stdout;
    await until(
      'the events are there',
      async () => (await events()).includes('account.created') && (await events()).includes(hold),
    );
    expect((await run('redact', 'transaction', transaction, ...reason)).stdout).toBe(`${transaction} is redacted.\n`);
    expect((await run('redact', 'hold', hold, ...reason)).stdout).toBe(`${hold} is redacted.\n`);
    expect((await run('redact', 'account', account, '--owner', ...reason)).stdout).toBe(`${account} is redacted.\n`);
    await run('hold', 'void', hold);
    await until(
      'the events are there',
      async () => (await events()).includes('account.redacted') && (await events()).includes('hold.voided'),
    );
    for (const command of [
      ['events'],
      ['export', '--format', 'jsonl'],
      ['transaction', transaction],
      ['hold', 'show', hold],
    ]) {
      expect((await run(...command)).stdout).not.toMatch(/Canary|Jane/);
    }
    expect((await run('transaction', transaction)).stdout).toMatch(/^redacted \d{4}-/m);
    await run('audit');
    await run('journal', 'verify');
    await run('audit-log', 'verify');
  });

  it('is answered again under its key, and asks for a reason', async () => {
    const id = await made('deposit', 'user_001', 'USD/2', '1.00', '--description', 'Wages of John Doe');
    const first = await run('--json', 'redact', 'transaction', id, ...reason);
    const again = await run('--json', 'redact', 'transaction', id, ...reason, '--key', saidKey(first.stderr));
    expect(again.stdout).toBe(first.stdout);
    expect(again.stderr).toContain('This was done before');
    const without = await florin(['redact', 'transaction', id], { FLORIN_DATA: runtime.dataFolder });
    expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining('--reason') });
  });
});
