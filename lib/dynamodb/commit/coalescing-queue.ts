import {
  balanceKey,
  type Command,
  maxActionsPerWrite,
  needsOf,
  nothingFound,
  type TenantId,
} from '../../ledger/index.ts';
import type { Clock } from '../table/patience.ts';
import type { PendingCommand } from './pending-command.ts';
import { slowAfterMs } from './wire.ts';

/** Commands that make a list worth preparing while another is under way: shorter ones cost more calls than they save time. */
const worthPreparing = 12;

/** Lists under way at once at the most. */
const maxLists = 4;

/** Commits a list, resolving when each of its commands is settled; tells when others may be decided on what it will leave. */
export type Commit = (tenant: TenantId, commands: readonly PendingCommand[], onDecided: () => void) => Promise<void>;

/**
 * Gathers the commands that arrive in one instance while earlier ones are being committed, and hands them on as lists.
 *
 * A command waits for lists that touch its balances until these are decided, and for one with its own key, its hold or
 * the transaction it reverses until that is settled; then all that wait go together. The order of arrival is kept on every balance: a command that waits keeps
 * later ones from overtaking it. Nothing depends on this for correctness.
 */
export class CoalescingQueue {
  readonly #commit: Commit;
  readonly #clock: Pick<Clock, 'elapsed'>;
  #waiting: PendingCommand[] = [];
  /** Balances of lists that are not decided yet; keys, holds and transactions to be reversed of lists that are not settled. */
  readonly #busy = new Set<string>();
  /** When each list under way was started. */
  readonly #lists = new Set<{ readonly startedAt: number }>();
  #isScheduled = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(commit: Commit, clock: Pick<Clock, 'elapsed'>) {
    this.#commit = commit;
    this.#clock = clock;
  }

  add(pending: PendingCommand): void {
    this.#waiting.push(pending);
    this.#schedule();
  }

  /** Looks after the current turn of the event loop, so that what arrived in one turn goes together. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#look();
    });
  }

  #look(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.length === 0 || this.#lists.size >= maxLists) return;
    // Minus infinity where there is none: then nothing has to be waited for.
    const newest = Math.max(...[...this.#lists].map(({ startedAt }) => startedAt));
    const waitMs = Math.ceil(newest + slowAfterMs - this.#clock.elapsed());
    // Where none is under way, or only stuck ones, whatever waits may go; beside one that goes on, a list worth its call.
    const isFree = waitMs <= 0;
    const least = isFree ? 1 : this.#lists.size === 1 ? worthPreparing : Number.POSITIVE_INFINITY;
    if (this.#waiting.length >= least) {
      const { taken, left } = this.#choose();
      if (taken.length >= least) {
        this.#waiting = left;
        this.#start(taken);
        return;
      }
    }
    // A list that is decided or settled makes it look again; this is for those that are stuck.
    if (!isFree) this.#timer = setTimeout(() => this.#look(), waitMs);
  }

  #start(commands: readonly PendingCommand[]): void {
    const list = { startedAt: this.#clock.elapsed() };
    const unforeseen = new Set(commands.flatMap(({ command }) => [keyClaim(command), ...otherClaimsOf(command)]));
    const balances = new Set(commands.flatMap(({ command }) => balanceClaimsOf(command)));
    for (const claim of [...unforeseen, ...balances]) this.#busy.add(claim);
    this.#lists.add(list);
    const release = (claims: ReadonlySet<string>) => {
      for (const claim of claims) this.#busy.delete(claim);
      this.#schedule();
    };
    let isDecided = false;
    const onDecided = () => {
      if (!isDecided) release(balances);
      isDecided = true;
    };
    // The committer settles each command, with an error too; it rejects only by a bug of its own, which then is everybody's.
    this.#commit((commands[0] as PendingCommand).command.tenant, commands, onDecided)
      .catch((error: unknown) => {
        for (const pending of commands) if (!pending.isSettled) pending.throw(error);
      })
      .finally(() => {
        this.#lists.delete(list);
        onDecided();
        release(unforeseen);
      });
  }

  /** As many as likely fit one write, of one tenant, none of which has to wait for others. */
  #choose(): { taken: PendingCommand[]; left: PendingCommand[] } {
    const taken: PendingCommand[] = [];
    const left: PendingCommand[] = [];
    const blocked = new Set(this.#busy);
    const balances = new Set<string>();
    let actions = 0;
    for (const pending of this.#waiting) {
      const { command } = pending;
      const key = keyClaim(command);
      const touched = claimsOf(command);
      const isSameTenant = command.tenant === (taken[0]?.command.tenant ?? command.tenant);
      const isOpen = isSameTenant && ![key, ...touched].some((claim) => blocked.has(claim));
      const size = itemsOf(command) + new Set(touched).difference(balances).size;
      if (isOpen && actions + size <= maxActionsPerWrite) {
        taken.push(pending);
        actions += size;
        for (const balance of touched) balances.add(balance);
      } else {
        left.push(pending);
        for (const claim of [key, ...touched]) blocked.add(claim);
      }
    }
    return { taken, left };
  }
}

function keyClaim({ tenant, record }: Command): string {
  return `${tenant}#${record}`;
}

/** What a command is known to touch before anything is read: all shards of a balance under one name. */
function claimsOf(command: Command): string[] {
  return [...balanceClaimsOf(command), ...otherClaimsOf(command)];
}

/** The balances among it: what a write that is under way will leave of them is foreseen. */
function balanceClaimsOf(command: Command): string[] {
  const { balances } = needsOf(command, nothingFound);
  return balances.map(({ account, asset }) => `${command.tenant}#${balanceKey({ account, asset, shard: 0 })}`);
}

/** The rest of it, of which the next command learns by reading: only after the write that is under way. */
function otherClaimsOf(command: Command): string[] {
  const { holds = [], reversibles = [] } = needsOf(command, nothingFound);
  return [...holds, ...reversibles].map((name) => `${command.tenant}#${name}`);
}

/** Entries and records of its own, as far as can be told; a list that turns out too long is cut by the committer. */
function itemsOf(command: Command): number {
  if (command.kind !== 'batch') return 1 + ('postings' in command ? 2 * command.postings.length : 2);
  return command.members.reduce((sum, { postings }) => sum + 1 + 2 * postings.length, 1);
}
