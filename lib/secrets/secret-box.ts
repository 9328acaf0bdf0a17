/** What a secret belongs to. It is no part of what is sealed, but only who names the same can open it, so that nothing can be moved elsewhere. */
export interface SecretContext {
  readonly tenant: string;
  readonly webhook: string;
}

/** Seals what is stored and must not be readable from where it is stored. */
export interface SecretBox {
  /**
   * A text that only `open` with the same context makes a secret of again; another one each time.
   *
   * @throws LedgerError `unavailable`
   */
  seal(plaintext: string, context: SecretContext): Promise<string>;
  /**
   * What was sealed.
   *
   * @throws LedgerError `unavailable`, also where it was sealed with another key or in another context: the box cannot tell whose fault that is, and
   * whoever waits loses nothing
   */
  open(sealed: string, context: SecretContext): Promise<string>;
}
