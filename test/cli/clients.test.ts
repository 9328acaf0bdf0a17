import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isApiKey } from '../../lib/auth/api-key.ts';
import { type RuntimeProcess, startEmbeddedProcess } from '../support/embedded.ts';
import { type CommandResult, florin, jsonLines, rowsOf, saidKey } from './florin-process.ts';

describe('florin clients', () => {
  let runtime: RuntimeProcess;
  beforeAll(async () => {
    runtime = await startEmbeddedProcess();
  });
  afterAll(() => runtime.stop());

  const run = (...args: readonly string[]): Promise<CommandResult> =>
    florin(['clients', ...args], { FLORIN_DATA: runtime.dataFolder });

  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  async function json(...args: readonly string[]): Promise<any> {
    const { code, stdout, stderr } = await run(...args, '--json');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return jsonLines(stdout)[0];
  }

  it('makes a client whose key works, and tells the key once', async () => {
    const args = ['create', 'Billing', '--role', 'reader', '--scope', 'audit:read', '--rate', '5/10'];
    const { code, stdout, stderr } = await run(...args);
    expect(code).toBe(0);
    const [row = []] = rowsOf(stdout);
    expect(row.slice(1, 4)).toEqual(['active', 'Billing', 'reader audit:read']);
    const key = /^key (.*)$/m.exec(stdout)?.[1] ?? '';
    expect(isApiKey(key)).toBe(true);
    expect(row[4]).toBe(key.slice(0, row[4]?.length));
    expect(stderr).toContain('told this once');
    const listed = await florin(['assets', 'list', '--url', runtime.url], { FLORIN_API_KEY: key });
    expect(listed).toMatchObject({ code: 0 });
    const again = await run(...args, '--key', saidKey(stderr));
    expect([again.code, again.stdout.includes('key flk_')]).toEqual([0, false]);
    expect(again.stderr).toContain('rotate-key');
    const shown = await json('show', row[0] ?? '');
    expect(shown).toMatchObject({
      rate: { requestsPerSecond: 5, burst: 10 },
      keys: [{ lastUsedAt: expect.any(String) }],
    });
  });

  it('lists, rotates and revokes', async () => {
    const made = await json('create', 'Short');
    const rotated = await json('rotate', made.id, '--overlap', '0');
    expect(rotated).toMatchObject({ key: expect.any(String), keys: [{}] });
    expect(await json('revoke', made.id, '--reason', 'Over')).toMatchObject({ status: 'revoked', revokedFor: 'Over' });
    const { stdout } = await run('list');
    expect(rowsOf(stdout).find(([id]) => id === made.id)).toEqual(expect.arrayContaining(['revoked', 'Short']));
    expect((await run('rotate', made.id)).code).toBe(5);
  });

  it('changes what is named, and nothing else', async () => {
    const made = await json('create', 'Changing', '--role', 'reader', '--scope', 'audit:read', '--rate', '5/10');
    const narrower = await json('update', made.id, '--role', 'none', '--expires-at', '2001-01-01T00:00:00Z');
    expect(narrower).toMatchObject({
      name: 'Changing',
      status: 'expired',
      roles: [],
      scopes: ['audit:read'],
      rate: made.rate,
    });
    expect(await florin(['assets', 'list', '--url', runtime.url], { FLORIN_API_KEY: made.key })).toMatchObject({
      code: 8,
    });
    const wider = ['--name', 'Changed', '--role', 'reader', '--role', 'writer', '--scope', 'none'];
    const changed = await json('update', made.id, ...wider, '--rate', 'usual', '--expires-at', 'never');
    expect(changed).toMatchObject({ name: 'Changed', status: 'active', roles: ['reader', 'writer'], scopes: [] });
    expect(changed).not.toHaveProperty('rate');
    expect(changed).not.toHaveProperty('expiresAt');
    expect((await json('update', made.id, '--rate', '7/7')).rate).toEqual({ requestsPerSecond: 7, burst: 7 });
  });

  it('shows each of several keys with its own times, so that one sees when the old one is used no more', async () => {
    const made = await json('create', 'Rotating', '--role', 'reader');
    await florin(['assets', 'list', '--url', runtime.url], { FLORIN_API_KEY: made.key });
    const { keys } = await json('rotate', made.id);
    const { stdout } = await run('show', made.id);
    const shown = stdout.slice(stdout.indexOf('\nKEY') + 1);
    const [, old = []] = rowsOf(shown);
    expect(rowsOf(shown).map(([prefix]) => prefix)).toEqual(keys.map(({ prefix }: { prefix: string }) => prefix));
    expect(old).toEqual([made.keys[0].prefix, keys[1].createdAt, keys[1].lastUsedAt, keys[1].expiresAt]);
  });

  it('makes and shows clients of another tenant', async () => {
    const made = await json('create', 'Admin', '--role', 'admin', '--tenant', 'acme');
    expect(await json('show', made.id, '--tenant', 'acme')).toMatchObject({ tenant: 'acme' });
    expect((await run('show', made.id)).code).toBe(4);
    expect((await json('list', '--tenant', 'acme')).id).toBe(made.id);
  });

  it('refuses what cannot be right before anything is sent', async () => {
    for (const args of [
      ['create', 'x', '--rate', 'fast'],
      ['show', 'Billing'],
      ['rotate', 'cli_a', '--overlap', '-1'],
      ['update', 'cli_i3y5g2fjk7w3cdlqv4xw7hh7p3'],
      ['update', 'cli_i3y5g2fjk7w3cdlqv4xw7hh7p3', '--rate', 'fast'],
    ]) {
      expect((await run(...args)).code).toBe(2);
    }
  });
});
