import type { BalanceAnswer, EntryAnswer } from '../api/answers.ts';
import { ChainCheck } from './chain-check.ts';
import type { Finding } from './finding.ts';

interface ShardWalk {
  readonly chain: ChainCheck;
  postedAtCut: bigint;
}

/** Follows all entries of one balance: one chain of them, or one for each shard of an account that is spread. */
export class BalanceWalk {
  readonly #tenant: string;
  readonly #cutAt: number;
  readonly #shards = new Map<number, ShardWalk>();
  #entries = 0;

  /** The cut is an instant in milliseconds since 1970. */
  constructor(tenant: string, cutAt: number) {
    this.#tenant = tenant;
    this.#cutAt = cutAt;
  }

  /** Takes the next entry, of whatever shard; one that it has had is left out. */
  add(entry: EntryAnswer): Finding[] {
    const number = entry.shard ?? 0;
    const shard = this.#shards.get(number) ?? { chain: new ChainCheck(this.#tenant), postedAtCut: 0n };
    this.#shards.set(number, shard);
    const findings = shard.chain.add(entry);
    if (Date.parse(entry.createdAt) <= this.#cutAt) shard.postedAtCut = shard.chain.head.posted;
    this.#entries += 1;
    return findings;
  }

  /** Whether it has had this entry: a second look begins a little before where the first ended. */
  has({ shard = 0, sequence }: EntryAnswer): boolean {
    const head = this.#shards.get(shard)?.chain.head;
    return head !== undefined && BigInt(sequence) <= head.sequence;
  }

  get entries(): number {
    return this.#entries;
  }

  /** What the entries add up to, in minor units. */
  get posted(): bigint {
    return sumOf([...this.#shards.values()].map(({ chain }) => chain.head.posted));
  }

  /** As of the cut. */
  get postedAtCut(): bigint {
    return sumOf([...this.#shards.values()].map(({ postedAtCut }) => postedAtCut));
  }
}

/** Whether an entry is what a balance that was read once stood at. */
export function leadsTo(entry: EntryAnswer, { updatedAt, posted }: BalanceAnswer): boolean {
  return entry.createdAt === updatedAt && entry.balanceAfter === posted;
}

function sumOf(amounts: readonly bigint[]): bigint {
  return amounts.reduce((sum, amount) => sum + amount, 0n);
}
