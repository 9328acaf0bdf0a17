/** How long an opened secret is remembered, in milliseconds. A key that is disabled is thereby out of use within as much. */
export const openedForMs = 5 * 60_000;

/** How many are remembered; beyond it the one that was not asked for the longest is forgotten. Some 100 bytes each. */
export const maxOpened = 1_000;

interface Opened {
  readonly secret: Promise<string>;
  readonly until: number;
}

/** The secrets that an instance has opened, for some minutes. Whoever asks while one is being opened waits for the same call; a failure is not remembered. */
export class OpenedSecrets {
  readonly #now: () => number;
  /** In the order in which they were asked for last. */
  readonly #opened = new Map<string, Opened>();

  /** @param now milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now;
  }

  get(name: string, open: () => Promise<string>): Promise<string> {
    const now = this.#now();
    const known = this.#opened.get(name);
    this.#opened.delete(name);
    // A clock that was turned back does not make it last longer.
    const isGood = known !== undefined && known.until > now && known.until <= now + openedForMs;
    const entry = isGood ? known : { secret: open(), until: now + openedForMs };
    this.#opened.set(name, entry);
    if (!isGood) entry.secret.catch(() => this.#forget(name, entry));
    for (const oldest of this.#opened.keys()) {
      if (this.#opened.size <= maxOpened) break;
      this.#opened.delete(oldest);
    }
    return entry.secret;
  }

  #forget(name: string, entry: Opened): void {
    if (this.#opened.get(name) === entry) this.#opened.delete(name);
  }
}
