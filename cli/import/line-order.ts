import type { AccountId } from '../../lib/ledger/index.ts';
import type { ImportLine } from './line.ts';

/**
 * Lets lines run at the same time unless the order matters: what a line makes is there before any line that needs it, and
 * the lines that move money of one account run one after the other, as in the file. An unbounded account is left out of
 * the latter: whatever comes first, nothing on it is declined, and it would make a queue of the whole file.
 */
export class LineOrder {
  readonly #isUnbounded: (account: AccountId) => Promise<boolean>;
  /** The last line, of those not settled yet, that makes a thing or moves an account's money. */
  readonly #last = new Map<string, Promise<void>>();

  /** Whether an account is unbounded is only asked where two lines meet on it. */
  constructor(isUnbounded: (account: AccountId) => Promise<boolean>) {
    this.#isUnbounded = isUnbounded;
  }

  /**
   * Starts the work of a line when it may. To be called in the order of the file, each time after the one before has
   * resolved. Resolves when the line has its place; `settled` does when its work is done, and never rejects.
   */
  async enter(line: ImportLine, work: () => Promise<void>): Promise<{ readonly settled: Promise<void> }> {
    const waitFor = line.needs.map((thing) => this.#last.get(thing));
    const kept: string[] = line.makes === undefined ? [] : [line.makes];
    for (const account of line.moves) {
      waitFor.push(this.#last.get(`account ${account}`));
      const isBusy = this.#last.has(`money ${account}`);
      if (isBusy && (await this.#isUnbounded(account))) continue;
      kept.push(`money ${account}`);
    }
    waitFor.push(...kept.map((thing) => this.#last.get(thing)));
    const settled = Promise.all(waitFor).then(work);
    for (const thing of kept) this.#keep(thing, settled);
    return { settled };
  }

  #keep(thing: string, settled: Promise<void>): void {
    this.#last.set(thing, settled);
    void settled.then(() => {
      if (this.#last.get(thing) === settled) this.#last.delete(thing);
    });
  }
}
