import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { canary, logLeaks } from './log-leaks.ts';

// Put together here, so that no scanner of repositories takes them for real ones.
const key = ['flk', 'dev', '0123456789abcdefghij'].join('_');
const token = ['eyJhbGciOiJSUzI1NiJ9', 'eyJzdWIiOiJhIn0', 'c2ln'].join('.');

describe('logLeaks', () => {
  it.each([
    ['an API key', { message: `refused ${key}` }],
    ['the secret of a webhook', { error: { message: `bad whsec_${'A'.repeat(32)}` } }],
    ['a token', { token }],
    ['a credential in a header', { headers: { Authorization: 'Basic YTpi' } }],
    ['a credential in a header', { event: JSON.stringify({ 'X-Api-Key': 'abc' }) }],
    ['a bearer token', { sent: 'bearer abcdefghijkl' }],
    ['a private key', { text: '-----BEGIN EC PRIVATE KEY-----' }],
    ['what a client has stored', { Item: { description: { S: `Lunch ${canary}` } } }],
    ['what a client has stored', { key: canary.toLowerCase() }],
  ])('finds %s in a line', (what, fields) => {
    const log = `{"level":"INFO"}\n${JSON.stringify({ level: 'ERROR', ...fields })}\n`;
    expect(logLeaks(log)).toContainEqual(expect.objectContaining({ line: 2, what }));
  });

  it('does not repeat what it has found', () => {
    expect(JSON.stringify(logLeaks(`{"message":"refused ${key}"}`))).not.toContain(key);
  });

  it('finds nothing in lines as functions write them', () => {
    const line = {
      level: 'INFO',
      message: 'request',
      operation: 'createTransfer',
      client: 'cli_flk',
      accounts: ['alice'],
    };
    expect(logLeaks(JSON.stringify(line))).toEqual([]);
  });
});

describe('the search of a run', () => {
  function search(files: Readonly<Record<string, string>>): number {
    const folder = mkdtempSync(path.join(tmpdir(), 'florin-logs-'));
    try {
      for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
      execFileSync(process.execPath, [path.join(import.meta.dirname, 'search-logs.ts'), folder], { stdio: 'ignore' });
      return 0;
    } catch (error) {
      return (error as { readonly status: number }).status;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  it('passes where nothing is given away, and fails where something is, or nothing was searched', () => {
    expect(search({ 'a.log': '{"message":"request"}\n' })).toBe(0);
    expect(search({ 'a.log': '{"message":"request"}\n', 'b.log': `{"message":"${key}"}\n` })).toBe(1);
    expect(search({})).toBe(1);
  });
});
