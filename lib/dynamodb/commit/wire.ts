/** How long a write may be under way before another is sent beside it, in milliseconds. */
export const slowAfterMs = 100;

/**
 * Lets one write of an instance on the wire at a time, in order of arrival: what waits meanwhile is prepared, signed,
 * and gathered in longer lists. (Two at once would also make the embedded database drop its page cache between them.)
 * What is stuck holds up the others for a tenth of a second only.
 */
export class Wire {
  #underWay = 0;
  readonly #waiting: (() => void)[] = [];

  /** Resolves when it is this write's turn, with what to call when the answer is there. */
  async enter(): Promise<() => void> {
    if (this.#underWay > 0) await this.#turn();
    this.#underWay++;
    return () => {
      this.#underWay--;
      if (this.#underWay === 0) this.#waiting[0]?.();
    };
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        clearTimeout(timer);
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        resolve();
      };
      const timer = setTimeout(go, slowAfterMs);
      this.#waiting.push(go);
    });
  }
}
