import type { TenantId } from './account.ts';
import type { AuditFinding, DamageKind } from './audit-finding.ts';
import { type Balance, balanceTitle } from './balance.ts';
import { digestOf } from './canonical-json.ts';
import type { Hold } from './hold.ts';
import type { PostedTransaction } from './transaction.ts';

/** Buckets of a tally. Where one does not close, only its share of balances and holds has to be looked at again. */
const bucketCount = 1_024;

/** The shard that keeps what is reserved of an account, spread or not. */
const reservedShard = 0;

/**
 * What a claim counts: what a balance keeps back, what was captured of a hold, or how often a hold was made and ended;
 * what was reversed of a transaction, by how many, and how often a reversal is named (see `reversal-audit.ts`); or that
 * a transaction waits at a place in a line (see `line-audit.ts`).
 */
type Measure = 'held' | 'captured' | 'made' | 'ended' | 'reversed' | 'reversals' | 'named' | 'waiting';

/** What rows say of something that must come to zero in all. */
export interface HoldClaim {
  readonly tenant: TenantId;
  readonly measure: Measure;
  /** The balance (`alice USD/2`), hold, transaction or place in a line that it is about. */
  readonly subject: string;
  readonly amount: bigint;
}

/** What a hold says: so much of its balance is kept back for it, so much of it was captured, and there are records of its beginning and end. */
export function claimsOfHold(tenant: TenantId, hold: Hold): HoldClaim[] {
  const { id, account, asset, remaining, captured } = hold;
  const subject = balanceTitle({ account, asset, shard: reservedShard });
  return [
    { tenant, measure: 'held', subject, amount: remaining },
    { tenant, measure: 'captured', subject: id, amount: captured },
    { tenant, measure: 'made', subject: id, amount: 1n },
    { tenant, measure: 'ended', subject: id, amount: isReleased(hold) ? 1n : 0n },
  ];
}

/** What the record of a key says that made a hold, or ended it. */
export function claimsOfDeed(tenant: TenantId, hold: Hold): HoldClaim[] {
  return [{ tenant, measure: isReleased(hold) ? 'ended' : 'made', subject: hold.id, amount: -1n }];
}

/** Whether it was ended by a deed of its own, and not by the last capture. */
function isReleased({ status }: Hold): boolean {
  return status === 'voided' || status === 'expired';
}

/** What a balance says: so much of it is kept back. */
export function claimOfBalance(tenant: TenantId, balance: Balance): HoldClaim {
  return { tenant, measure: 'held', subject: balanceTitle(balance), amount: -balance.held };
}

/** What a transaction says, if it captured a hold: so much was captured. */
export function claimsOfCapture(tenant: TenantId, { holdId, postings }: PostedTransaction): HoldClaim[] {
  const [posting] = postings;
  return holdId === undefined || !posting
    ? []
    : [{ tenant, measure: 'captured', subject: holdId, amount: -posting.amount }];
}

/** What does not fit in a hold by itself. */
export function auditHold(tenant: TenantId, hold: Hold): AuditFinding[] {
  const { id, status, amount, remaining, captured } = hold;
  const given = amount - captured - remaining;
  const isSound = amount > 0n && remaining >= 0n && captured >= 0n && given >= 0n;
  const isOpen = remaining > 0n && given === 0n;
  const isEnded = remaining === 0n && (status !== 'captured' || captured > 0n);
  if (isSound && (status === 'open' ? isOpen : isEnded)) return [];
  const detail = `it is ${status}, with ${captured} captured and ${remaining} left of ${amount}`;
  return [{ kind: 'wrong_hold', tenant, subject: id, detail }];
}

/**
 * Tells in one walk, in any order and in memory that does not grow, whether what balances keep back is what their open holds
 * reserve, what was captured of holds what their captures posted, and what was reversed what reversals posted: all claims about a subject come to zero. Each is
 * weighed with a digest of its subject, so that damage of one does not make up for that of another.
 */
export class HoldTally {
  readonly #sums: bigint[] = Array.from({ length: bucketCount }, () => 0n);

  add(claim: HoldClaim): void {
    if (claim.amount === 0n) return;
    const weight = weightOf(claim);
    const bucket = bucketOf(weight);
    this.#sums[bucket] = (this.#sums[bucket] ?? 0n) + weight * claim.amount;
  }

  /** The buckets that do not close. */
  openBuckets(): number[] {
    return this.#sums.flatMap((sum, bucket) => (sum === 0n ? [] : [bucket]));
  }
}

function weightOf({ tenant, measure, subject }: HoldClaim): bigint {
  return BigInt(`0x${digestOf([tenant, measure, subject])}`);
}

function bucketOf(weight: bigint): number {
  return Number(weight % BigInt(bucketCount));
}

const differences: Readonly<Record<Measure, string>> = {
  held: 'what its open holds reserve, less what it keeps back,',
  captured: 'what it says was captured, less what its captures posted,',
  made: 'that it is there, less how often it was made,',
  ended: 'that it was ended, less how often that was recorded,',
  reversed: 'what it says was reversed, less what its reversals posted,',
  reversals: 'how many reversals it counts, less how many there are,',
  named: 'how often it is named as a reversal, less that it is one,',
  waiting: 'that it waits, less that it has this place,',
};

const kinds: Readonly<Record<Measure, DamageKind>> = {
  held: 'wrong_held',
  captured: 'wrong_hold',
  made: 'wrong_hold',
  ended: 'wrong_hold',
  reversed: 'wrong_reversals',
  reversals: 'wrong_reversals',
  named: 'wrong_reversals',
  waiting: 'wrong_line',
};

/** Names the damage in the buckets of a tally that did not close. */
export class HoldAudit {
  readonly #buckets: ReadonlySet<number>;
  readonly #sums = new Map<string, HoldClaim>();

  constructor(buckets: Iterable<number>) {
    this.#buckets = new Set(buckets);
  }

  add(claim: HoldClaim): void {
    const { tenant, measure, subject, amount } = claim;
    if (amount === 0n || !this.#buckets.has(bucketOf(weightOf(claim)))) return;
    const key = `${tenant}\n${measure}\n${subject}`;
    this.#sums.set(key, { ...claim, amount: (this.#sums.get(key)?.amount ?? 0n) + amount });
  }

  findings(): AuditFinding[] {
    return [...this.#sums.values()].flatMap(({ tenant, measure, subject, amount }): AuditFinding[] => {
      if (amount === 0n) return [];
      const kind = kinds[measure];
      return [{ kind, tenant, subject, detail: `${differences[measure]} is ${amount}` }];
    });
  }
}
