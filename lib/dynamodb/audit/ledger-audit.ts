import { LedgerError } from '../../ledger/index.ts';
import type { AuditState, OpenFinding, Walk, WalkName } from '../items/audit-item.ts';
import { createLedgerClient } from '../table/client.ts';
import { ClockSkew } from '../table/clock-skew.ts';
import { type Clock, systemClock } from '../table/patience.ts';
import { Reader } from '../table/reader.ts';
import { OpenFindings } from './audit-findings.ts';
import { AuditStore } from './audit-store.ts';
import { RecentWalk } from './recent-walk.ts';
import { RollingWalk, rowsPerStep } from './rolling-walk.ts';
import type { WalkStep } from './walk-step.ts';

/** Entries of one balance verified in one look: what is left of a long history waits for the next pass. */
const defaultEntriesPerLook = 5_000;

/** Rows that a run reads again, however old. At a run every five minutes, some half a million a day. */
const defaultRowsPerRun = 2_000;

export interface LedgerAuditOptions {
  /** The Ledger table's name. */
  readonly table: string;
  readonly clock?: Clock;
  /** Another endpoint than the SDK's own variables name. */
  readonly endpoint?: string;
  readonly entriesPerLook?: number;
  readonly rowsPerRun?: number;
}

/** What a run of the audit did. */
export interface AuditRun {
  /** Entries verified in this run, those again included. */
  readonly entries: number;
  /** Walks that reached their end in this run. */
  readonly completed: readonly WalkName[];
  /** All damage that is known and was not seen repaired, found now or before. */
  readonly findings: readonly OpenFinding[];
  /** Known findings beyond those. */
  readonly moreFindings: number;
  /** Why the run ended before its time, if it did. */
  readonly interrupted?: LedgerError;
  /** False when another run was under way: what this one came to was not kept. */
  readonly isKept: boolean;
}

/** A state while a run goes on. */
interface Progress {
  readonly findings: OpenFindings;
  readonly walks: Record<WalkName, Walk>;
  readonly completed: WalkName[];
  entries: number;
}

/**
 * Audits the ledger while it is written to, a slice at a time, from where the last run ended. It reads rows of the
 * ledger and writes none; it keeps its own place and what it found. Runs that overlap do no harm: one of them is kept.
 */
export class LedgerAudit {
  readonly #store: AuditStore;
  readonly #clock: Clock;
  readonly #recent: RecentWalk;
  readonly #rolling: RollingWalk;
  readonly #rowsPerRun: number;

  constructor(options: LedgerAuditOptions) {
    const { table, endpoint, clock = systemClock, entriesPerLook = defaultEntriesPerLook } = options;
    const client = createLedgerClient(new ClockSkew(), endpoint);
    const reader = new Reader(client, table, clock);
    this.#clock = clock;
    this.#store = new AuditStore(client, table, reader, clock);
    this.#recent = new RecentWalk(reader, this.#store, clock, entriesPerLook);
    this.#rolling = new RollingWalk(reader);
    this.#rowsPerRun = options.rowsPerRun ?? defaultRowsPerRun;
  }

  /**
   * Goes on with both walks for at most the time given, in milliseconds; less when there is nothing left to do. Every
   * step is begun in time and may take a few seconds more.
   *
   * @throws LedgerError `unavailable`, `outcome_unknown` when the state could be neither read nor kept
   */
  async run(timeMs: number): Promise<AuditRun> {
    const endsAt = this.#clock.elapsed() + timeMs;
    const isTime = () => this.#clock.elapsed() < endsAt;
    const state = (await this.#store.state()) ?? firstState(this.#clock.now());
    const progress: Progress = {
      findings: new OpenFindings(state.findings, state.moreFindings),
      walks: { ...state.walks },
      completed: [],
      entries: 0,
    };
    const interrupted = await this.#walkBoth(progress, isTime);
    const { findings, walks, completed, entries } = progress;
    const isKept = await this.#store.keep({
      version: state.version + 1,
      ranAt: this.#clock.now(),
      walks,
      findings: findings.list,
      moreFindings: findings.more,
    });
    const run = { entries, completed, findings: findings.list, moreFindings: findings.more, isKept };
    return interrupted ? { ...run, interrupted } : run;
  }

  /** Returns what kept the walks from going on; what they came to until then is in the progress. */
  async #walkBoth(progress: Progress, isTime: () => boolean): Promise<LedgerError | undefined> {
    try {
      await this.#walk('recent', progress, isTime, ({ after }) => this.#recent.step(after));
      let rowsLeft = this.#rowsPerRun;
      const hasRowsLeft = () => isTime() && rowsLeft > 0;
      await this.#walk('rolling', progress, hasRowsLeft, (walk) => {
        rowsLeft -= rowsPerStep;
        return this.#rolling.step(walk);
      });
      return undefined;
    } catch (error) {
      if (error instanceof LedgerError) return error;
      throw error;
    }
  }

  /** Takes steps of one walk until its pass is over or there is no time for another step. */
  async #walk(
    name: WalkName,
    progress: Progress,
    isTime: () => boolean,
    step: (walk: Walk) => Promise<WalkStep>,
  ): Promise<void> {
    const { findings, walks } = progress;
    while (isTime()) {
      const walk = walks[name];
      const { pass, completed } = walk;
      const startedAt = walk.after === undefined ? this.#clock.now() : walk.startedAt;
      const { findings: found, entries, behind = 0, ...place } = await step(walk);
      findings.add(found, name, pass, this.#clock.now());
      progress.entries += entries;
      const behindSoFar = (walk.behind ?? 0) + behind;
      const kept = { startedAt, ...(completed && { completed }) };
      if (place.after !== undefined) {
        walks[name] = { pass, ...kept, ...place, ...(behindSoFar > 0 && { behind: behindSoFar }) };
        continue;
      }
      findings.closeBefore(name, pass);
      const endedAt = this.#clock.now();
      // Where long histories were left behind, another pass goes on with them, at once if there is time.
      walks[name] = { pass: pass + 1, ...kept, startedAt: endedAt };
      if (behindSoFar > 0) continue;
      walks[name] = { pass: pass + 1, startedAt: endedAt, completed: { startedAt, endedAt } };
      progress.completed.push(name);
      return;
    }
  }
}

function firstState(now: number): AuditState {
  const walk = { pass: 1, startedAt: now };
  return { version: 0, ranAt: now, walks: { recent: walk, rolling: walk }, findings: [], moreFindings: 0 };
}
