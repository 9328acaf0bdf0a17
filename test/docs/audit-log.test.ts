import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { actions } from '../../lib/audit/act.ts';
import { emptyLog, nextRecord } from '../../lib/audit/audit-record.ts';
import { auditRecordOf } from '../../lib/http/audit-representations.ts';
import { routes } from '../../lib/http/routes.ts';
import { canonicalJson } from '../../lib/ledger/index.ts';
import { readDocument } from './documents.ts';

interface Example {
  /** The canonical text as the page shows it. */
  readonly text: string;
  /** The hash that the page gives below it. */
  readonly hash: string;
}

const page = readDocument('docs/reference/audit-log.md');
const examples = [...page.matchAll(/```json\n(.+)\n```\n\nSHA-256: `([0-9a-f]{64})`/g)].map(
  ([, text = '', hash = '']): Example => ({ text, hash }),
);
const [first, second] = examples as [Example, Example];

describe('the worked example of the audit log', () => {
  it('shows two records, the second chained to the first', () => {
    expect(examples).toHaveLength(2);
    expect(JSON.parse(first.text).previousHash).toBe(emptyLog.hash);
    expect(JSON.parse(second.text).previousHash).toBe(first.hash);
  });

  it.each(examples)('is what the service computes: $hash', ({ text, hash }) => {
    expect(canonicalJson(JSON.parse(text))).toBe(text);
    expect(createHash('sha256').update(text).digest('hex')).toBe(hash);
    const { v: _, number, at, nonce, previousHash, ...act } = JSON.parse(text);
    const tail = { number: Number(number) - 1, at: 0, hash: previousHash };
    expect(nextRecord(tail, act, Date.parse(at), nonce).hash).toBe(hash);
  });

  it('is answered by the API with all that is hashed', () => {
    const { v: _, number, at, nonce, previousHash, ...act } = JSON.parse(first.text);
    const record = nextRecord({ ...emptyLog, hash: previousHash }, act, Date.parse(at), nonce);
    const [shown] = [...page.matchAll(/```json\n(\{ .+)\n```/g)].map(([, text = '']) => JSON.parse(text));
    expect(auditRecordOf(record)).toEqual(shown);
  });

  it('names every hashed field, and every action, in its tables', () => {
    for (const { text } of examples) {
      for (const name of Object.keys(JSON.parse(text))) expect(page).toContain(`\n| \`${name}\` |`);
    }
    for (const action of Object.keys(actions)) expect(page).toContain(`\`${action}\``);
  });
});

describe('the program that checks an export', () => {
  const program = /```js\n([\s\S]+?)```/.exec(page)?.[1] ?? '';
  const records = examples.map(({ text, hash }) => {
    const { v: _, tenant: __, ...record } = JSON.parse(text);
    return { ...record, hash };
  });

  function run(lines: readonly unknown[]) {
    const folder = mkdtempSync(join(tmpdir(), 'florin-docs-'));
    try {
      const file = join(folder, 'verify-audit-log.mjs');
      writeFileSync(file, program);
      const input = lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
      return spawnSync(process.execPath, [file, 'default'], { input, encoding: 'utf8' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  it('accepts the example', () => {
    expect(run(records)).toMatchObject({ status: 0, stdout: `2 records, head 2:${second.hash}\n` });
  });

  it.each([
    ['a record that was changed', [records[0], { ...records[1], reason: 'other' }]],
    ['a fact that was changed', [{ ...records[0], after: { status: 'closed' } }, records[1]]],
    ['a record that is missing', [records[1]]],
    ['records in another order', [records[1], records[0]]],
    ['a record with a tenant of its own', [{ ...records[0], tenant: 'other' }, records[1]]],
    ['a record with a version of its own', [{ ...records[0], v: 2 }, records[1]]],
    ['a name that stands twice', [JSON.stringify(records[0]).replace('{', '{"target":"bob",'), records[1]]],
  ])('refuses %s', (_, lines) => {
    expect(run(lines)).toMatchObject({ status: 1, stderr: expect.stringContaining('does not fit') });
  });
});

describe('the operations whose acts are recorded', () => {
  const recorded = [
    ...['createClient', 'updateClient', 'rotateClientKey', 'revokeClient'],
    ...['createAccount', 'updateAccount', 'createAsset', 'createFeeSchedule', 'createReversal'],
    ...['createWebhook', 'updateWebhook', 'deleteWebhook', 'rotateWebhookSecret'],
    ...['reprocessDeadLetter', 'discardDeadLetter', 'exportEntries', 'exportAuditLog'],
    ...['redactTransaction', 'redactHold', 'redactAccount'],
  ];

  it.each(recorded)('%s says that there may be too many at once, or none knows whether it was done', (id) => {
    const route = routes.find(({ operationId }) => operationId === id);
    expect(route?.problems).toEqual(expect.arrayContaining(['contention', 'outcome_unknown']));
  });
});
