import { createHash } from 'node:crypto';
import type { EntryAnswer } from '../api/answers.ts';
import type { DamageKind, Finding } from './finding.ts';

/** The hash before the first entry. */
const genesisHash = '0'.repeat(64);

/** Where a balance's history has come to. */
export interface ChainHead {
  readonly sequence: bigint;
  /** Minor units. */
  readonly posted: bigint;
  readonly hash: string;
  readonly createdAt: string;
}

/**
 * Follows the entries of one balance, or of one shard of it, from the first on. After damage it goes on from what the entry says, so that one
 * damage is one finding and not one for each entry behind it.
 */
export class ChainCheck {
  readonly #tenant: string;
  #head: ChainHead = { sequence: 0n, posted: 0n, hash: genesisHash, createdAt: '' };

  constructor(tenant: string) {
    this.#tenant = tenant;
  }

  get head(): ChainHead {
    return this.#head;
  }

  /** Takes the next entry and names what is wrong with it. */
  add(entry: EntryAnswer): Finding[] {
    const before = this.#head;
    const sequence = BigInt(entry.sequence);
    const posted = BigInt(entry.balanceAfter);
    this.#head = { sequence, posted, hash: entry.hash, createdAt: entry.createdAt };

    const findings: Finding[] = [];
    const compare = (kind: DamageKind, expected: string, found: string): void => {
      if (expected !== found) findings.push({ kind, ...placeOf(entry), expected, found });
    };
    compare('hash_mismatch', hashOf(entry, this.#tenant), entry.hash);
    if (sequence !== before.sequence + 1n) {
      // What a missing entry had changed is missing too: neither sum nor link could fit.
      compare('sequence_gap', String(before.sequence + 1n), entry.sequence);
    } else {
      compare('balance_after_mismatch', String(before.posted + BigInt(entry.amount)), entry.balanceAfter);
      compare('chain_broken', before.hash, entry.previousHash);
    }
    if (entry.createdAt < before.createdAt) compare('time_reversed', `${before.createdAt} or later`, entry.createdAt);
    return findings;
  }
}

function placeOf({ account, asset, shard, sequence }: EntryAnswer) {
  return { account, asset, ...(shard !== undefined && { shard }), sequence };
}

/**
 * The hash that the entry should have, from its definition in docs/reference/entry-hash.md. None of the ledger's own code is
 * used, since its mistakes are not to be repeated here.
 */
function hashOf(entry: EntryAnswer, tenant: string): string {
  const { account, amount, asset, balanceAfter, createdAt, detailsDigest, previousHash } = entry;
  const { sequence, shard = 0, transactionId, type } = entry;
  // The names are in canonical order, and none of the values is an object.
  const first = { account, amount, asset, balanceAfter, createdAt, detailsDigest, previousHash };
  const text = JSON.stringify({ ...first, sequence, shard, tenant, transactionId, type, v: 1 });
  return createHash('sha256').update(text).digest('hex');
}
