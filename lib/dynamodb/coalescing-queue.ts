import { balanceKey, maxActionsPerWrite, type PostTransaction, type TenantId } from '../ledger/index.ts';
import type { Clock } from './patience.ts';
import type { PendingCommand } from './pending-command.ts';
import { balancesOf } from './state-loader.ts';

/**
 * How long a commit may be under way before another is started beside it, in milliseconds. One at a time makes the
 * longest lists and the fewest calls; but what is stuck must not hold up the others.
 */
const slowAfterMs = 100;

/** Commits under way at once at the most. */
const maxConcurrentCommits = 4;

/** Commits a list, resolving when each of its commands is settled. */
export type Commit = (tenant: TenantId, commands: readonly PendingCommand[]) => Promise<void>;

/**
 * Gathers the commands that arrive in one instance while earlier ones are being committed, and hands them on as lists.
 *
 * Commands that touch a balance in flight wait for it, since they would only be cancelled; then all that wait are
 * committed together. The order of arrival is kept on every balance: a command that waits keeps later ones from
 * overtaking it. Nothing depends on this for correctness.
 */
export class CoalescingQueue {
  readonly #commit: Commit;
  readonly #clock: Pick<Clock, 'elapsed'>;
  #waiting: PendingCommand[] = [];
  readonly #busy = new Set<string>();
  /** When each commit under way was started. */
  readonly #commits = new Set<{ readonly startedAt: number }>();
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

  /** Starts after the current turn of the event loop, so that what arrived in one turn goes together. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#start();
    });
  }

  #start(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.length === 0) return;
    const waitMs = this.#waitMs();
    if (waitMs === 0) this.#startOne();
    // A commit that ends schedules anew; this is for those that do not.
    else if (waitMs < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#start(), waitMs);
  }

  /** Milliseconds until another commit may start beside those under way; infinite while there are enough of them. */
  #waitMs(): number {
    if (this.#commits.size >= maxConcurrentCommits) return Number.POSITIVE_INFINITY;
    const newest = Math.max(...[...this.#commits].map(({ startedAt }) => startedAt));
    return Math.max(0, Math.ceil(newest + slowAfterMs - this.#clock.elapsed()));
  }

  #startOne(): void {
    const list = this.#take();
    const tenant = list[0]?.command.tenant;
    if (!tenant) return;
    const claims = new Set(list.flatMap(({ command }) => claimsOf(command)));
    const commit = { startedAt: this.#clock.elapsed() };
    for (const claim of claims) this.#busy.add(claim);
    this.#commits.add(commit);
    // The committer settles each command, with an error too; it rejects only by a bug of its own, which then is everybody's.
    this.#commit(tenant, list)
      .catch((error: unknown) => {
        for (const pending of list) if (!pending.isSettled) pending.throw(error);
      })
      .finally(() => {
        for (const claim of claims) this.#busy.delete(claim);
        this.#commits.delete(commit);
        this.#schedule();
      });
  }

  /** Takes as many as likely fit one write, of one tenant, none of which touches what is in flight or waited for. */
  #take(): PendingCommand[] {
    const taken: PendingCommand[] = [];
    const left: PendingCommand[] = [];
    const blocked = new Set(this.#busy);
    const balances = new Set<string>();
    let actions = 0;
    for (const pending of this.#waiting) {
      const { command } = pending;
      const claims = claimsOf(command);
      const tenant = taken[0]?.command.tenant ?? command.tenant;
      const added = new Set(claims.slice(1)).difference(balances).size;
      const size = 1 + 2 * command.postings.length + added;
      const isOpen = command.tenant === tenant && !claims.some((claim) => blocked.has(claim));
      if (isOpen && actions + size <= maxActionsPerWrite) {
        taken.push(pending);
        actions += size;
        for (const claim of claims.slice(1)) balances.add(claim);
      } else {
        left.push(pending);
        for (const claim of claims) blocked.add(claim);
      }
    }
    this.#waiting = left;
    return taken;
  }
}

/** What only one commit may be busy with: the key's record, then the balances. */
function claimsOf(command: PostTransaction): string[] {
  const balances = [...balancesOf(command)].map(({ account, asset }) => balanceKey(account, asset));
  return [command.record, ...balances].map((claim) => `${command.tenant}#${claim}`);
}
