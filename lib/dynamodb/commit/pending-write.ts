/**
 * A write that has been decided and is on its way. What is decided on the state it will leave stands and falls with
 * it: such a decision is written only after this has succeeded, and is made anew when it has not.
 */
export class PendingWrite {
  /** Resolves when it is known what became of it; an outcome that could not be learnt is none. Never rejects. */
  readonly succeeded: Promise<boolean>;
  #settle!: (succeeded: boolean) => void;
  #isPending = true;

  constructor() {
    this.succeeded = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get isPending(): boolean {
    return this.#isPending;
  }

  settle(succeeded: boolean): void {
    this.#isPending = false;
    this.#settle(succeeded);
  }
}

/** Nothing was sent: a write that this one was decided on did not succeed, or time ran out before its turn. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
}
