import { type CanonicalValue, digestOf } from '../../lib/ledger/index.ts';
import type { ImportLine } from './line.ts';

/** The form of derived keys; another form would make every line of a half-finished import new. */
const keyVersion = 1;

/**
 * Derives each line's key from the import's id and what the line says, not from where it stands: lines may be added, or
 * taken away, between two runs. Lines that say the same are told apart by counting them: the second purchase of the same
 * thing is the second one in the next run, too.
 *
 * It remembers a digest of each line, some hundred bytes a line.
 */
export class LineKeys {
  readonly #importId: string;
  readonly #seen = new Map<string, number>();

  constructor(importId: string) {
    this.#importId = importId;
  }

  /** The line's own key, else the derived one. To be called once a line, in the order of the file. */
  keyOf({ kind, path, body, ownKey }: ImportLine): string {
    if (ownKey !== undefined) return ownKey;
    const content = digestOf({ v: keyVersion, importId: this.#importId, kind, path, body: body as CanonicalValue });
    const count = (this.#seen.get(content) ?? 0) + 1;
    this.#seen.set(content, count);
    return `import_${digestOf({ content, count })}`;
  }
}
