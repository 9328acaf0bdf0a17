/**
 * Lets those go one after the other, within one instance, who write the same accounts: the lines of accounts that pay each
 * other would only overtake one another. Nothing depends on it for correctness, so nobody waits longer than he says.
 */
export class AccountTurns {
  /** What was begun last on each account. */
  readonly #last = new Map<string, Promise<void>>();

  /**
   * Begins the work when all that was begun before on any of these accounts is done, or the time given is over. All accounts are taken at
   * once, so that nobody waits for somebody who waits for him.
   *
   * @param wait resolves after so many milliseconds
   */
  async take<T>(
    accounts: Iterable<string>,
    waitMs: number,
    wait: (milliseconds: number) => Promise<void>,
    work: () => Promise<T>,
  ): Promise<T> {
    const names = new Set(accounts);
    const before = [...names].flatMap((name) => this.#last.get(name) ?? []);
    const { promise: done, resolve: end } = Promise.withResolvers<void>();
    for (const name of names) this.#last.set(name, done);
    try {
      if (before.length > 0) await Promise.race([Promise.all(before), wait(waitMs)]);
      return await work();
    } finally {
      end();
      for (const name of names) if (this.#last.get(name) === done) this.#last.delete(name);
    }
  }
}
