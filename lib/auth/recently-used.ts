/** Values by name, of which those that were used last are kept and no more than so many: what strangers can add to cannot fill the memory. */
export class RecentlyUsed<Name, Value> {
  readonly #values = new Map<Name, Value>();
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  get(name: Name): Value | undefined {
    const value = this.#values.get(name);
    // A map iterates in the order in which names were added: this one becomes the last.
    if (value !== undefined && this.#values.delete(name)) this.#values.set(name, value);
    return value;
  }

  set(name: Name, value: Value): void {
    this.#values.delete(name);
    this.#values.set(name, value);
    if (this.#values.size <= this.#size) return;
    const [oldest] = this.#values.keys();
    if (oldest !== undefined) this.#values.delete(oldest);
  }

  delete(name: Name): void {
    this.#values.delete(name);
  }
}
