import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  type AccountId,
  type AssetCode,
  canonicalJson,
  detailsDigest,
  entryHash,
  genesisHash,
  recordIdOf,
  type TenantId,
  transactionIdOf,
} from '../../lib/ledger/index.ts';
import { readDocument } from './documents.ts';

interface Example {
  /** The canonical text as the page shows it. */
  readonly text: string;
  /** The hash that the page gives below it. */
  readonly hash: string;
}

const page = readDocument('docs/reference/entry-hash.md');
const examples: readonly Example[] = [...page.matchAll(/```json\n(.+)\n```\n\nSHA-256: `([0-9a-f]{64})`/g)].map(
  ([, text = '', hash = '']) => ({ text, hash }),
);

describe('the worked example of the entry hash', () => {
  it('shows the details and the entry of two transactions', () => {
    expect(examples.map(({ text }) => Object.keys(JSON.parse(text)).length)).toEqual([4, 13, 4, 13]);
  });

  it.each(examples)('shows a canonical text with its hash: $hash', ({ text, hash }) => {
    expect(canonicalJson(JSON.parse(text))).toBe(text);
    expect(createHash('sha256').update(text).digest('hex')).toBe(hash);
  });

  it.each([
    [0, 1],
    [2, 3],
  ])('is what the ledger computes: example %i and %i', (detailsAt, entryAt) => {
    const { text: detailsText, hash: digest } = examples[detailsAt] as Example;
    const { text: entryText, hash } = examples[entryAt] as Example;
    const { salt, description, metadata } = JSON.parse(detailsText);
    expect(detailsDigest(salt, description ?? undefined, metadata ?? undefined)).toBe(digest);

    const entry = JSON.parse(entryText);
    expect(entry.detailsDigest).toBe(digest);
    const computed = entryHash(entry.tenant, {
      account: entry.account as AccountId,
      asset: entry.asset as AssetCode,
      shard: entry.shard,
      sequence: Number(entry.sequence),
      amount: BigInt(entry.amount),
      balanceAfter: BigInt(entry.balanceAfter),
      transactionId: entry.transactionId,
      previousTransactionId: null,
      type: entry.type,
      counterparty: 'nobody' as AccountId,
      createdAt: Date.parse(entry.createdAt),
      detailsDigest: digest,
      previousHash: entry.previousHash,
    });
    expect(computed).toBe(hash);
  });

  it('chains the second entry to the first, and the first to the beginning', () => {
    const first = JSON.parse(examples[1]?.text ?? '');
    const second = JSON.parse(examples[3]?.text ?? '');
    expect(first.previousHash).toBe(genesisHash);
    expect(second.previousHash).toBe(examples[1]?.hash);
    expect(BigInt(second.balanceAfter)).toBe(BigInt(first.balanceAfter) + BigInt(second.amount));
    expect(second.transactionId).toBe(transactionIdOf(recordIdOf('default' as TenantId, 'lunch-7')));
  });

  it('names every hashed field in its tables', () => {
    for (const { text } of examples) {
      for (const name of Object.keys(JSON.parse(text))) expect(page).toContain(`\n| \`${name}\` |`);
    }
  });
});

describe('the program that checks a history', () => {
  const program = /```js\n([\s\S]+?)```/.exec(page)?.[1] ?? '';
  const history = [examples[1], examples[3]].map((example) => ({
    ...JSON.parse(example?.text ?? ''),
    hash: example?.hash,
  }));

  function run(entries: readonly unknown[]) {
    const folder = mkdtempSync(join(tmpdir(), 'florin-docs-'));
    try {
      const file = join(folder, 'verify-chain.mjs');
      writeFileSync(file, program);
      return spawnSync(process.execPath, [file, 'default'], {
        input: JSON.stringify({ data: entries }),
        encoding: 'utf8',
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  it('accepts the entries of a shard, which name it', () => {
    const { hash: _, ...first } = history[0];
    const hashed = canonicalJson({ ...first, shard: 3 });
    const entry = { ...first, shard: 3, hash: createHash('sha256').update(hashed).digest('hex') };
    expect(run([entry])).toMatchObject({ status: 0, stdout: `1 entries, 10000 posted, head ${entry.hash}\n` });
    expect(run([{ ...entry, shard: 4 }]).status).toBe(1);
  });

  it('accepts the example', () => {
    expect(run(history)).toMatchObject({
      status: 0,
      stdout: `2 entries, 8950 posted, head ${history[1].hash}\n`,
    });
  });

  it.each([
    ['an entry that was changed', [history[0], { ...history[1], type: 'refund' }], 2],
    ['an amount that was changed', [{ ...history[0], amount: '10001' }, history[1]], 1],
    ['an entry that is missing', [history[1]], 2],
    ['entries in another order', [history[1], history[0]], 2],
  ])('refuses %s', (_, entries, at) => {
    const { status, stderr } = run(entries);
    expect(status).toBe(1);
    expect(stderr).toContain(`entry ${at} does not fit`);
  });
});
