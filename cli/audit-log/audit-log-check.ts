import * as z from 'zod';
import { sha256Of } from '../canonical-hash.ts';

/** A record as the API answers it: all of it is hashed, also what is not named here. */
export const auditRecordAnswer = z.looseObject({
  number: z.string().regex(/^[1-9][0-9]*$/),
  at: z.string(),
  action: z.string(),
  target: z.string(),
  actor: z.looseObject({ client: z.string(), subject: z.string().optional() }),
  previousHash: z.string(),
  hash: z.string(),
});

export type AuditRecordAnswer = z.output<typeof auditRecordAnswer>;

/** The kinds of damage of an audit log that can be seen from outside. */
export const auditLogDamageKinds = {
  record_missing: 'records are missing, or stand in another place',
  chain_broken: 'a record does not name the hash of the one before it',
  hash_mismatch: 'a record is not what was hashed',
  time_reversed: 'a record is older than the one before it',
  head_missing: 'the log ends before the record that was kept: its end was cut off',
  head_mismatch: 'the record that was kept has another hash now: it was written anew',
} as const;

export interface AuditLogFinding {
  readonly kind: keyof typeof auditLogDamageKinds;
  readonly number: string;
  readonly expected: string;
  readonly found: string;
}

/** A record whose hash somebody has kept elsewhere. */
export interface Head {
  readonly number: bigint;
  readonly hash: string;
}

/** The hash before the first record. */
const genesisHash = '0'.repeat(64);

/** What is hashed with each record and is in none: one that has it was altered, and its hash would not show that. */
const impliedMembers = ['v', 'tenant'] as const;

/** Checks a log from its newest record back to its first, with what the API shows and nothing else. */
export class AuditLogCheck {
  readonly #tenant: string;
  readonly #head: Head | undefined;
  #later: AuditRecordAnswer | undefined;
  #newest: AuditRecordAnswer | undefined;
  #count = 0;

  constructor(tenant: string, head: Head | undefined) {
    this.#tenant = tenant;
    this.#head = head;
  }

  get records(): number {
    return this.#count;
  }

  /** The newest record, whose number and hash are worth keeping; absent where there is none. */
  get newest(): Head | undefined {
    return this.#newest && { number: BigInt(this.#newest.number), hash: this.#newest.hash };
  }

  /** What is wrong with the next older record, or with what is between it and the one after. */
  *add(record: AuditRecordAnswer): Iterable<AuditLogFinding> {
    const { number } = record;
    if (!this.#newest) yield* this.#compareEnd(record);
    this.#newest ??= record;
    this.#count += 1;
    const expected = hashOfRecord(record, this.#tenant);
    if (expected !== record.hash) yield { kind: 'hash_mismatch', number, expected, found: record.hash };
    for (const name of impliedMembers.filter((each) => Object.hasOwn(record, each))) {
      yield { kind: 'hash_mismatch', number, expected: `no member ${name}`, found: `a member ${name}` };
    }
    const head = this.#head;
    if (head && BigInt(number) === head.number && record.hash !== head.hash) {
      yield { kind: 'head_mismatch', number, expected: head.hash, found: record.hash };
    }
    const later = this.#later;
    this.#later = record;
    if (!later) return;
    const before = String(BigInt(later.number) - 1n);
    if (number !== before) yield { kind: 'record_missing', number: later.number, expected: before, found: number };
    if (later.previousHash !== record.hash) {
      yield { kind: 'chain_broken', number: later.number, expected: record.hash, found: later.previousHash };
    }
    if (later.at < record.at) {
      yield { kind: 'time_reversed', number: later.number, expected: `at or after ${record.at}`, found: later.at };
    }
  }

  /** What is wrong with where the log begins, once all of it was added. */
  *end(): Iterable<AuditLogFinding> {
    const first = this.#later;
    if (!first) {
      if (this.#head) yield this.#missing(0n);
      return;
    }
    if (first.number !== '1') {
      yield { kind: 'record_missing', number: first.number, expected: '1', found: first.number };
    } else if (first.previousHash !== genesisHash) {
      yield { kind: 'chain_broken', number: '1', expected: genesisHash, found: first.previousHash };
    }
  }

  *#compareEnd({ number }: AuditRecordAnswer): Iterable<AuditLogFinding> {
    if (this.#head && BigInt(number) < this.#head.number) yield this.#missing(BigInt(number));
  }

  #missing(last: bigint): AuditLogFinding {
    const number = String(this.#head?.number);
    return { kind: 'head_missing', number, expected: number, found: String(last) };
  }
}

/** The hash that a record should have, from its definition in docs/reference/audit-log.md. */
export function hashOfRecord({ hash: _, ...hashed }: AuditRecordAnswer, tenant: string): string {
  return sha256Of({ ...hashed, v: 1, tenant });
}
