import type { ApiClient } from '../api/client.ts';
import { ApiProblem } from '../api/problem.ts';
import { exitCodes } from '../exit-codes.ts';
import { usageFailure } from '../failure.ts';
import { differences, UnboundedAccounts } from './existing.ts';
import { type AnyLine, type ImportLine, readLine } from './line.ts';
import { LineKeys } from './line-key.ts';
import { LineOrder } from './line-order.ts';
import type { FileLine } from './line-reader.ts';
import type { RefusedFile } from './refused-file.ts';
import { Slots } from './slots.ts';

export interface ImportSettings {
  readonly api: ApiClient;
  /** Goes before the one that the file names itself. */
  readonly importId: string | undefined;
  /** Requests at the same time. */
  readonly concurrency: number;
  readonly refused: RefusedFile;
  /** Told after each line. */
  readonly progress: (summary: ImportSummary, position: number) => void;
}

export interface ImportSummary {
  /** Lines with something on them, the header aside. */
  lines: number;
  /** Done now. */
  applied: number;
  /** Done in an earlier run. */
  replayed: number;
  /** Assets and accounts that were there already, just as the line says. */
  present: number;
  /** Opening balances of zero. */
  empty: number;
  refused: number;
}

/** Lines that may be read ahead for each request: they are kept in memory while they wait for the ones before them. */
const linesPerRequest = 16;

/**
 * Imports lines, each exactly once however often it is run. A line that the ledger refuses is reported, and the others go on.
 *
 * @throws Failure when there is no going on: no answer in time, or no leave to do it. Every line that was begun is settled
 * by then, and running it again continues.
 */
export async function importLines(lines: AsyncIterable<FileLine>, settings: ImportSettings): Promise<ImportSummary> {
  return new Importer(settings).run(lines);
}

class Importer {
  readonly #settings: ImportSettings;
  readonly #summary: ImportSummary = { lines: 0, applied: 0, replayed: 0, present: 0, empty: 0, refused: 0 };
  readonly #unbounded: UnboundedAccounts;
  readonly #order: LineOrder;
  readonly #requests: Slots;
  readonly #window: Slots;
  readonly #windowSize: number;
  #keys: LineKeys | undefined;
  #failure: { readonly error: unknown } | undefined;
  #position = 0;

  constructor(settings: ImportSettings) {
    this.#settings = settings;
    this.#unbounded = new UnboundedAccounts(settings.api);
    this.#order = new LineOrder((account) => this.#unbounded.has(account));
    this.#requests = new Slots(settings.concurrency);
    this.#windowSize = settings.concurrency * linesPerRequest;
    this.#window = new Slots(this.#windowSize);
  }

  async run(lines: AsyncIterable<FileLine>): Promise<ImportSummary> {
    try {
      for await (const fileLine of lines) {
        if (this.#failure) break;
        this.#position = fileLine.end;
        const line = readLine(fileLine);
        if (line) await this.#take(line);
      }
    } catch (error) {
      this.#failure ??= { error };
    }
    for (let slot = 0; slot < this.#windowSize; slot++) await this.#window.take();
    if (this.#failure) throw this.#failure.error;
    return this.#summary;
  }

  async #take(line: AnyLine): Promise<void> {
    const isHeader = 'importId' in line;
    if (isHeader && this.#summary.lines === 0 && !this.#keys) {
      this.#keys = new LineKeys(this.#settings.importId ?? (line.importId as string));
      return;
    }
    this.#summary.lines += 1;
    if (isHeader) {
      const content = { kind: 'import', id: line.importId };
      this.#settings.refused.addFaulty({
        number: line.number,
        content,
        fault: 'only the first line may name the import',
      });
      this.#count('refused');
    } else if ('fault' in line) {
      this.#settings.refused.addFaulty(line);
      this.#count('refused');
    } else if ('path' in line) {
      await this.#start(line);
    } else {
      this.#count('empty');
    }
  }

  async #start(line: ImportLine): Promise<void> {
    const key = this.#keyOf(line);
    this.#unbounded.learn(line);
    await this.#window.take();
    try {
      const { settled } = await this.#order.enter(line, () => this.#settle(line, key));
      void settled.then(() => this.#window.release());
    } catch (error) {
      this.#window.release();
      throw error;
    }
  }

  #keyOf(line: ImportLine): string {
    const { importId } = this.#settings;
    if (!this.#keys && importId !== undefined) this.#keys = new LineKeys(importId);
    if (this.#keys) return this.#keys.keyOf(line);
    if (line.ownKey !== undefined) return line.ownKey;
    throw usageFailure(
      `Line ${line.number} has no key, and the import no name to make one from. Give it one, such as --import-id ` +
        '2026-opening, and the same one again whenever you repeat it; or begin the file with {"kind":"import","id":"2026-opening"}.',
    );
  }

  /** Never rejects: the lines behind it wait for its end, however it ends. */
  async #settle(line: ImportLine, key: string): Promise<void> {
    await this.#requests.take();
    try {
      if (!this.#failure) this.#count(await this.#send(line, key));
    } catch (error) {
      this.#failure ??= { error };
    } finally {
      this.#requests.release();
    }
  }

  async #send(line: ImportLine, key: string): Promise<'applied' | 'replayed' | 'present' | 'refused'> {
    const { api, refused } = this.#settings;
    try {
      const { isReplay } = await api.change({ method: 'POST', path: line.path, body: line.body, key });
      return isReplay ? 'replayed' : 'applied';
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.exitCode === exitCodes.notAllowed) throw error;
      const { code, isFinal } = error;
      let detail = error.message;
      if (code === 'already_exists' && line.makes !== undefined) {
        const differing = await differences(api, line);
        if (differing.length === 0) return 'present';
        detail = `${line.makes} exists, with another ${differing.join(' and ')}`;
      }
      refused.add(line, key, { code, detail, isFinal });
      return 'refused';
    }
  }

  #count(outcome: Exclude<keyof ImportSummary, 'lines'>): void {
    this.#summary[outcome] += 1;
    this.#settings.progress(this.#summary, this.#position);
  }
}
