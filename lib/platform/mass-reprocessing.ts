import { type Clock, Patience } from '../dynamodb/table/patience.ts';
import type { TenantId } from '../ledger/index.ts';
import type { DeadLetterKind, DeadLetterSource } from './dead-letter.ts';
import type { DeadLetterId } from './dead-letter-id.ts';
import type { StoredDeadLetter } from './dead-letter-item.ts';
import { listDeadLetters } from './dead-letter-list.ts';
import { maxDeadLettersAtOnce } from './limits.ts';
import type { PlatformTable } from './platform-table.ts';
import type { Reprocessing, ReprocessResult, Resolving } from './reprocessing.ts';

/** Letters worked on at once. */
const atOnce = 5;

/** Below this nothing more is begun: a letter that was begun may take as long. */
const shortestStepMs = 4_000;

/** Which letters: those of these ids, or the open ones that match, oldest first. */
export type ChosenLetters =
  | { readonly ids: readonly DeadLetterId[] }
  | {
      readonly filter: { readonly kind?: DeadLetterKind | undefined; readonly source?: DeadLetterSource | undefined };
      readonly limit?: number | undefined;
    };

export interface MassResult {
  readonly id: DeadLetterId;
  readonly result:
    | ReprocessResult
    /** What kept it from being done; another try may do. */
    | { readonly kind: 'failed'; readonly error: unknown }
    | { readonly kind: 'not_tried' };
}

export interface MassRun {
  readonly results: readonly MassResult[];
  /** Whether others that match were left. */
  readonly more: boolean;
}

interface Candidate {
  readonly id: DeadLetterId;
  readonly letter?: StoredDeadLetter;
}

/**
 * Reprocesses many letters, each by itself. A run that is made again under its key finds first what it did before, which is
 * counted as done, and so goes on where it broke off.
 */
export class MassReprocessing {
  readonly #table: PlatformTable;
  readonly #reprocessing: Reprocessing;
  readonly #clock: Clock;

  constructor(table: PlatformTable, reprocessing: Reprocessing) {
    this.#table = table;
    this.#reprocessing = reprocessing;
    this.#clock = table.clock;
  }

  /** One run, bounded in time and in letters. @throws LedgerError `unavailable` where the letters cannot be listed */
  async run(
    tenants: readonly (TenantId | undefined)[],
    chosen: ChosenLetters,
    resolving: Resolving,
    timeMs: number,
  ): Promise<MassRun> {
    const patience = new Patience(this.#clock, timeMs);
    const { candidates, more } =
      'ids' in chosen
        ? { candidates: chosen.ids.map((id): Candidate => ({ id })), more: false }
        : await this.#find(tenants, chosen, resolving, patience);
    const results: MassResult[] = [];
    for (let from = 0; from < candidates.length; from += atOnce) {
      const group = candidates.slice(from, from + atOnce);
      const isLate = patience.leftMs < shortestStepMs;
      results.push(
        ...(await Promise.all(
          group.map(async ({ id, letter }): Promise<MassResult> => {
            if (isLate) return { id, result: { kind: 'not_tried' } };
            try {
              const work = this.#reprocessing;
              const result = letter
                ? await work.reprocessFound(letter, resolving)
                : await work.reprocess(tenants, id, resolving);
              return { id, result };
            } catch (error) {
              return { id, result: { kind: 'failed', error } };
            }
          }),
        )),
      );
    }
    return { results, more };
  }

  async #find(
    tenants: readonly (TenantId | undefined)[],
    { filter, limit = maxDeadLettersAtOnce }: Extract<ChosenLetters, { filter: unknown }>,
    { keyApplied }: Resolving,
    patience: Patience,
  ): Promise<{ candidates: Candidate[]; more: boolean }> {
    const candidates: Candidate[] = [];
    let after: DeadLetterId | undefined;
    do {
      const page = await listDeadLetters(this.#table, {
        tenants,
        filter: { ...filter, status: 'open' },
        orResolvedUnder: keyApplied.mark,
        order: 'oldest first',
        limit: limit - candidates.length,
        after,
      });
      candidates.push(...page.letters.map((letter) => ({ id: letter.id, letter })));
      after = page.next;
    } while (after !== undefined && candidates.length < limit && patience.leftMs >= shortestStepMs);
    return { candidates, more: after !== undefined };
  }
}
