import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import {
  type AccountId,
  type Command,
  type Commitment,
  decide,
  InvariantViolation,
  LedgerError,
  needsOf,
  nothingFound,
  type TenantId,
  WorkingState,
} from '../../ledger/index.ts';
import type { ClockSkew } from '../table/clock-skew.ts';
import { type Fault, faultOf } from '../table/faults.ts';
import type { Clock, Patience } from '../table/patience.ts';
import { AccountTurns } from './account-turns.ts';
import type { BalanceCache } from './balance-cache.ts';
import { type Cancellation, type Crowd, readCancellation } from './cancellation.ts';
import { declineOf, type Rejection, recordOf, storeDecline } from './decline.ts';
import { answerFromLeader, foldByKey } from './duplicates.ts';
import type { ExpiredHolds } from './expired-holds.ts';
import { ExpiredRelease } from './expired-release.ts';
import { lineMarkMs, markBalance } from './line-mark.ts';
import type { PendingCommand } from './pending-command.ts';
import { NotSent, PendingWrite } from './pending-write.ts';
import type { LoadedState, StateLoader } from './state-loader.ts';
import { type PlannedAction, WritePlan } from './write-plan.ts';
import { shortestAttemptMs, WriteSender } from './write-sender.ts';

/** Attempts of one commit; with their pauses they take some five seconds. */
const maxAttempts = 20;

/** After this many failed attempts the commands of a list are committed one by one. */
const attemptsTogether = 3;

/** After this many writes in a row that others overtook, a command joins the line of the account that they write. */
const contentionsBeforeLine = 4;

/** Each time the worker of a line has been overtaken so often in a row, it tells those who do to join a line themselves. */
const contentionsBeforeMark = 3;

/** How long a line waits for others of this instance that write its accounts, in milliseconds. */
const longestTurnWaitMs = 1_000;

/** What one attempt left to do. */
interface Rest {
  readonly again: readonly PendingCommand[];
  /** Commands whose items are fought over elsewhere: they wait, the others do not. */
  readonly later: readonly PendingCommand[];
  /** Whether to wait before the next attempt. */
  readonly pause: boolean;
  /** Nothing was sent, so it was no attempt. */
  readonly isUntried?: boolean;
}

export interface CommitterDependencies {
  readonly client: DynamoDBDocumentClient;
  readonly table: string;
  readonly clock: Clock;
  readonly skew: ClockSkew;
  readonly cache: BalanceCache;
  readonly loader: StateLoader;
  readonly expired: ExpiredHolds;
}

/** The list is an account's line, or the beginning of it: its order is kept whatever happens. */
export interface InLine {
  readonly account: AccountId;
  /** Whether the line goes on behind the list. */
  readonly hasMore: boolean;
}

/**
 * Commits commands: the one writer of balances.
 *
 * The time line of an attempt, and what a crash or a lost answer at each point leaves behind:
 *
 *   load state ──▶ decide ──▶ TransactWriteItems ──▶ settle
 *        (nothing)      (nothing)      (all of it or nothing: the key's record is part of the write)
 *
 * So whoever retries with the same key meets the record, or nothing at all. Balances are guarded by their version:
 * what was decided on a state that moved on is cancelled by DynamoDB, which returns the state as it is now.
 */
export class Committer {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #clock: Clock;
  readonly #skew: ClockSkew;
  readonly #cache: BalanceCache;
  readonly #loader: StateLoader;
  readonly #release: ExpiredRelease;
  readonly #sender: WriteSender;
  readonly #turns = new AccountTurns();

  constructor({ client, table, clock, skew, cache, loader, expired }: CommitterDependencies) {
    this.#client = client;
    this.#table = table;
    this.#clock = clock;
    this.#skew = skew;
    this.#cache = cache;
    this.#loader = loader;
    const commit = (tenant: TenantId, commands: readonly PendingCommand[]) => this.#commitDistinct(tenant, commands);
    this.#release = new ExpiredRelease({ expired, clock, commit });
    this.#sender = new WriteSender(client);
  }

  /**
   * Brings every command of a list to its outcome, in order, as many as fit in one write. One that fails does not
   * keep the others from theirs. Resolves when all are settled; each `outcome` resolves as soon as its own is known.
   * A broken invariant rejects the outcomes it concerns, and never this call. `onDecided` is called when the first
   * write is on its way: from then on others may be decided on what it will leave.
   */
  async commit(tenant: TenantId, commands: readonly PendingCommand[], onDecided: () => void = () => {}): Promise<void> {
    const { leaders, followers } = foldByKey(commands);
    await this.#commitDistinct(tenant, leaders, onDecided);
    const unanswered: PendingCommand[] = [];
    for (const [follower, leader] of followers) {
      if (!(await answerFromLeader(follower, leader))) unanswered.push(follower);
    }
    if (unanswered.length > 0) await this.commit(tenant, unanswered);
  }

  /**
   * Brings the commands of a line to their outcomes, strictly one after the other: none is decided before the one ahead
   * of it is settled or part of the same write. Where one fails, those behind it are failed untried. Those from the first
   * on that a write has no room for stay unsettled: the next look at the line finds more to go with them. Never rejects
   * but by a bug of its own.
   */
  async commitLine(tenant: TenantId, commands: readonly PendingCommand[], line: InLine): Promise<void> {
    const accounts = [line.account, ...commands.flatMap(({ command }) => accountsOf(command))];
    const names = accounts.map((account) => `${tenant}#${account}`);
    const sleep = (milliseconds: number) => this.#clock.sleep(milliseconds);
    await this.#turns.take(names, longestTurnWaitMs, sleep, () =>
      this.#commitDistinct(tenant, commands, () => {}, line),
    );
  }

  async #commitDistinct(
    tenant: TenantId,
    commands: readonly PendingCommand[],
    onDecided: () => void = () => {},
    line?: InLine,
  ): Promise<void> {
    let waiting = commands;
    let later: readonly PendingCommand[] = [];
    for (let attempt = 1; waiting.length > 0 || later.length > 0; ) {
      if (waiting.length === 0) [waiting, later] = [later, []];
      const [inTime, late] = partition(waiting, ({ patience }) => patience.leftMs >= shortestAttemptMs);
      for (const pending of late) pending.fail();
      waiting = inTime;
      if (waiting.length === 0) continue;
      if (attempt > maxAttempts) return failAll([...waiting, ...later]);
      if (waiting.length > 1 && attempt > attemptsTogether) {
        return this.#commitSingly(tenant, [...waiting, ...later], line);
      }
      let rest: Rest;
      try {
        rest = await this.#attempt(tenant, waiting, onDecided, line);
      } catch (error) {
        const unsettled = waiting.filter(({ isSettled }) => !isSettled);
        // Damage met by one command must not end the others: each is tried by itself, and just the one it concerns fails.
        if (waiting.length > 1) return this.#commitSingly(tenant, [...unsettled, ...later], line);
        for (const pending of unsettled) pending.throw(error);
        return;
      }
      waiting = rest.again;
      later = [...later, ...rest.later];
      if (rest.isUntried) continue;
      const next = waiting[0] ?? later[0];
      // A state that merely moved on is decided again at once, the first time.
      if (next && (rest.pause || waiting.length === 0 || attempt > 1)) await next.patience.pause(attempt);
      attempt++;
    }
  }

  async #commitSingly(tenant: TenantId, commands: readonly PendingCommand[], line?: InLine): Promise<void> {
    for (const [index, pending] of commands.entries()) {
      const behind = commands.slice(index + 1);
      const hasMore = line !== undefined && (line.hasMore || behind.length > 0);
      await this.#commitDistinct(tenant, [pending], () => {}, line && { ...line, hasMore });
      if (line && !(await isStored(pending))) return failAll(behind);
    }
  }

  /** One attempt: load, decide all in order, write all at once; then those that must be decided by themselves. */
  async #attempt(
    tenant: TenantId,
    commands: readonly PendingCommand[],
    onDecided: () => void,
    line: InLine | undefined,
  ): Promise<Rest> {
    const loaded = await this.#load(tenant, commands, { fresh: this.#skew.isExcessive });
    if (!loaded) return { again: commands, later: [], pause: true };
    if (this.#skew.isExcessive) {
      for (const pending of commands) pending.lastFailure = 'unavailable';
      failAll(commands);
      return nothingLeft;
    }
    const plan = new WritePlan(this.#table, tenant);
    const planned: { pending: PendingCommand; decision: Commitment }[] = [];
    const alone: PendingCommand[] = [];
    const left: PendingCommand[] = [];
    let isCut = false;
    const working = new WorkingState(loaded.state);
    for (const pending of unanswered(commands, loaded)) {
      // What comes behind one that did not fit waits with it: it may depend on it, and the order is the list's.
      if (left.length > 0 || (line && alone.length > 0)) {
        left.push(pending);
        continue;
      }
      const decision = decide(pending.command, working, { now: this.#clock.now(), salt: pending.salt });
      if (decision.kind === 'commit' && plan.fits(decision, pending.place)) {
        plan.add(pending.command, decision, recordOf(pending, decision.result), pending.place);
        working.apply(decision);
        planned.push({ pending, decision });
      } else if (decision.kind === 'commit' && line) {
        isCut = true;
        break;
      } else if (decision.kind === 'commit') left.push(pending);
      // In a line whoever is decided by himself is at its head: those before him are settled, those behind him wait.
      else if (line && (planned.length > 0 || alone.length > 0)) left.push(pending);
      else alone.push(pending);
    }
    const goesOn = line?.hasMore || left.length > 0 || isCut;
    if (line) plan.markLine(line.account, goesOn ? this.#clock.now() + lineMarkMs : null);
    const writing = planned.length > 0 ? this.#write(tenant, plan, planned, loaded.foreseenFrom, line) : undefined;
    onDecided();
    const rest = (await writing) ?? nothingLeft;
    const isFinal = loaded.isFresh && commands.length === 1;
    const undecided = await this.#decideAlone(tenant, alone, isFinal ? loaded : undefined);
    return {
      again: [...rest.again, ...undecided.again, ...left],
      later: rest.later,
      pause: rest.pause || undecided.pause,
      isUntried: rest.isUntried ?? false,
    };
  }

  /** Loads the state, or returns undefined when that failed: nothing was sent that could have an effect. */
  async #load(
    tenant: TenantId,
    commands: readonly PendingCommand[],
    options: { readonly fresh: boolean },
  ): Promise<LoadedState | undefined> {
    const patience = shortest(commands);
    try {
      return await this.#loader.load(
        tenant,
        commands.map(({ command }) => command),
        options,
        patience,
      );
    } catch (error) {
      if (error instanceof InvariantViolation) throw error;
      const fault: Fault = error instanceof LedgerError ? { kind: 'busy', cause: error } : faultOf(error);
      if (fault.kind === 'fatal') throw error;
      for (const pending of commands) pending.lastFailure = 'unavailable';
      return undefined;
    }
  }

  async #write(
    tenant: TenantId,
    plan: WritePlan,
    planned: readonly { pending: PendingCommand; decision: Commitment }[],
    foreseenFrom: ReadonlySet<PendingWrite>,
    line: InLine | undefined,
  ): Promise<Rest> {
    const pendings = planned.map(({ pending }) => pending);
    const actions = plan.actions();
    const write = new PendingWrite();
    this.#cache.foresee(tenant, plan.balancesAfter, write);
    try {
      await this.#sender.send(actions, shortest(pendings), foreseenFrom);
    } catch (error) {
      this.#cache.unforesee(tenant, plan.balancesAfter, write);
      write.settle(false);
      if (error instanceof NotSent) return { again: pendings, later: [], pause: false, isUntried: true };
      countAttempt(pendings);
      const fault = faultOf(error);
      if (fault.kind === 'cancelled') {
        const cancellation = readCancellation(actions, fault.failures);
        const rest = this.#afterCancellation(tenant, pendings, cancellation, actions, line);
        if (line) await this.#stopOthers(tenant, rest.again[0], cancellation);
        return rest;
      }
      return this.#afterFault(tenant, pendings, plan, fault);
    }
    write.settle(true);
    countAttempt(pendings);
    for (const { pending, decision } of planned) {
      const { result, members } = decision;
      const made = members && { members: members.map(({ transaction }) => transaction) };
      pending.settle({ kind: 'settled', result, accepted: pending.place?.acceptance, replayed: false, ...made });
    }
    return nothingLeft;
  }

  /** Takes what the cancelled write returned: answers to keys already used, and the state as it is now. */
  #afterCancellation(
    tenant: TenantId,
    pendings: readonly PendingCommand[],
    { records, balances, contended, crowded, isThrottled }: Cancellation,
    actions: readonly PlannedAction[],
    line: InLine | undefined,
  ): Rest {
    for (const action of contended.size > 0 ? actions : []) {
      if (action.subject === 'balance') this.#cache.choice.leave(tenant, action.place);
    }
    for (const { place, now } of balances) {
      this.#cache.choice.leave(tenant, place);
      if (now) this.#cache.replace(tenant, now);
      else this.#cache.delete(tenant, place);
    }
    for (const pending of pendings) {
      const record = records.get(pending.command);
      if (record) pending.settleFromRecord(record);
      else {
        pending.lastFailure = isThrottled ? 'unavailable' : 'contention';
        this.#giveWay(pending, crowded.get(pending.command));
      }
    }
    const waiting = pendings.filter(({ isSettled }) => !isSettled);
    if (line) return { again: waiting, later: [], pause: isThrottled || contended.size > 0 };
    const [later, again] = partition(waiting, ({ command }) => contended.has(command));
    // Where everybody is contended, the pause is for all. A state that merely moved on is decided again at once.
    if (again.length === 0) return { again: later, later: [], pause: later.length > 0 };
    return { again, later, pause: isThrottled };
  }

  /** Sends a command that others keep overtaking to the line of the account they write, at once where they are told to. */
  #giveWay(pending: PendingCommand, crowd: Crowd | undefined): void {
    if (!crowd) return;
    pending.contentions++;
    if (!pending.mayJoinLine || pending.isInDoubt) return;
    if (crowd.lineUntil > this.#clock.now() || pending.contentions >= contentionsBeforeLine) {
      pending.joinLine(crowd.place.account);
    }
  }

  /** Whoever waits in a line cannot give way to those who overtake it, so these are told to. */
  async #stopOthers(tenant: TenantId, head: PendingCommand | undefined, { crowded }: Cancellation): Promise<void> {
    const crowd = head && crowded.get(head.command);
    if (!crowd || head.contentions % contentionsBeforeMark !== 0) return;
    const mark = { tenant, place: crowd.place, until: this.#clock.now() + lineMarkMs };
    const now = await markBalance(this.#client, this.#table, mark, head.patience);
    if (now) this.#cache.replace(tenant, now);
  }

  /** After a failed call: what is remembered is dropped, so that the next attempt reads records and balances. */
  #afterFault(tenant: TenantId, pendings: readonly PendingCommand[], plan: WritePlan, fault: Fault): Rest {
    if (fault.kind === 'fatal') throw fault.cause;
    for (const pending of pendings) {
      if (fault.kind === 'unknown') pending.isInDoubt = true;
      pending.lastFailure = 'unavailable';
    }
    if (fault.kind === 'unknown') {
      for (const balance of plan.balancesAfter) this.#cache.delete(tenant, balance);
    }
    return { again: pendings, later: [], pause: true };
  }

  /**
   * Decides commands each by itself, on state read consistently after they arrived: only such a decline is final.
   * What would be posted after all goes back to the others.
   */
  async #decideAlone(
    tenant: TenantId,
    commands: readonly PendingCommand[],
    known: LoadedState | undefined,
  ): Promise<{ again: readonly PendingCommand[]; pause: boolean }> {
    if (commands.length === 0) return nothingLeft;
    const loaded = known ?? (await this.#load(tenant, commands, { fresh: true }));
    if (!loaded) return { again: commands, pause: true };
    const again: PendingCommand[] = [];
    const declined: Promise<boolean>[] = [];
    let pause = false;
    const decline = (pending: PendingCommand, decision: Rejection) => {
      const stored = storeDecline(this.#client, this.#table, pending, decision, this.#clock.now());
      declined.push(
        stored.then((isStored) => {
          if (!isStored) again.push(pending);
          return isStored;
        }),
      );
    };
    for (const pending of unanswered(commands, loaded)) {
      const decision = decide(pending.command, loaded.state, { now: this.#clock.now(), salt: pending.salt });
      if (decision.kind === 'commit') again.push(pending);
      else if (decision.kind === 'refuse' && pending.place) decline(pending, declineOf(decision));
      else if (decision.kind === 'refuse') pending.settle({ ...decision, kind: 'refused' });
      else if (decision.kind === 'stale') {
        // This state was all true at one time, so what contradicts itself in it is damaged.
        pending.throw(new InvariantViolation(`what ${pending.command.kind} is about contradicts its balance`));
      } else {
        const released = await this.#release.before(decision, loaded.state, tenant, pending);
        if (released === 'none') decline(pending, decision);
        else again.push(pending);
        if (released === 'unknown') pause = true;
      }
    }
    for (const isStored of await Promise.all(declined)) if (!isStored) pause = true;
    return { again, pause };
  }
}

const nothingLeft: Rest = { again: [], later: [], pause: false };

/** Whether it is known to have its outcome in its record. */
async function isStored(pending: PendingCommand): Promise<boolean> {
  try {
    return (await pending.outcome).kind === 'settled';
  } catch {
    // Whoever asked for the outcome is told; here it only matters that there is none.
    return false;
  }
}

/** The accounts that a command is known to write before anything is read. */
function accountsOf(command: Command): AccountId[] {
  return needsOf(command, nothingFound).balances.map(({ account }) => account);
}

function failAll(commands: readonly PendingCommand[]): void {
  for (const pending of commands) pending.fail();
}

function countAttempt(commands: readonly PendingCommand[]): void {
  for (const pending of commands) pending.attempts++;
}

/** Settles the commands whose record was found, and returns the others. */
function unanswered(commands: readonly PendingCommand[], { records }: LoadedState): PendingCommand[] {
  return commands.filter((pending) => {
    const record = records.get(pending.command.record);
    if (!record || !pending.isAnsweredBy(record)) return true;
    pending.settleFromRecord(record);
    return false;
  });
}

/** The patience that ends first: one call serves many, and must keep the shortest promise. */
function shortest(commands: readonly PendingCommand[]): Patience {
  return commands.map(({ patience }) => patience).reduce((a, b) => (a.leftMs <= b.leftMs ? a : b));
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  const yes: T[] = [];
  const no: T[] = [];
  for (const item of items) (test(item) ? yes : no).push(item);
  return [yes, no];
}
