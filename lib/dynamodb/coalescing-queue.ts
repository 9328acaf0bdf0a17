import { balanceKey, maxActionsPerWrite, type PostTransaction, type TenantId } from '../ledger/index.ts';
import type { PendingCommand } from './pending-command.ts';
import { balancesOf } from './state-loader.ts';

/** Commits under way at once: while one is on the wire the next is prepared, and what arrives meanwhile goes together. */
const maxConcurrentCommits = 2;

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
  #waiting: PendingCommand[] = [];
  readonly #busy = new Set<string>();
  #commits = 0;
  #isScheduled = false;

  constructor(commit: Commit) {
    this.#commit = commit;
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
    while (this.#commits < maxConcurrentCommits && this.#waiting.length > 0) {
      const list = this.#take();
      const tenant = list[0]?.command.tenant;
      if (!tenant) return;
      const claims = new Set(list.flatMap(({ command }) => claimsOf(command)));
      for (const claim of claims) this.#busy.add(claim);
      this.#commits++;
      // The committer settles each command, with an error too; it rejects only by a bug of its own, which then is everybody's.
      this.#commit(tenant, list)
        .catch((error: unknown) => {
          for (const pending of list) if (!pending.isSettled) pending.throw(error);
        })
        .finally(() => {
          for (const claim of claims) this.#busy.delete(claim);
          this.#commits--;
          this.#schedule();
        });
    }
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
