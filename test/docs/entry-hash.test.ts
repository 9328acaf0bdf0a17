import { createHash } from 'node:crypto';
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
