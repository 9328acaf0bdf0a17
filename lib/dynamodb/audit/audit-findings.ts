import type { AuditFinding } from '../../ledger/audit-finding.ts';
import type { OpenFinding, WalkName } from '../items/audit-item.ts';

/** Findings that are kept; beyond them damage is only counted. They have to fit into one item with room to spare. */
const maxFindings = 100;

/** Characters of a detail that are kept. */
const maxDetailLength = 500;

/**
 * What is known to be damaged. A finding stays open until the walk that found it has passed the same place again
 * and found it no more, so that an alarm lasts as long as the damage.
 */
export class OpenFindings {
  readonly #open: Map<string, OpenFinding>;
  #more: number;

  constructor(open: readonly OpenFinding[], more: number) {
    this.#open = new Map(open.map((finding) => [nameOf(finding, finding.walk), finding]));
    this.#more = more;
  }

  add(found: readonly AuditFinding[], walk: WalkName, pass: number, now: number): void {
    for (const finding of found) {
      const name = nameOf(finding, walk);
      const known = this.#open.get(name);
      if (!known && this.#open.size >= maxFindings) {
        this.#more++;
        continue;
      }
      const detail = finding.detail.slice(0, maxDetailLength);
      this.#open.set(name, { ...finding, detail, walk, pass, foundAt: known?.foundAt ?? now });
    }
  }

  /** Drops what a whole pass of the walk did not find any more. */
  closeBefore(walk: WalkName, pass: number): void {
    for (const [name, finding] of this.#open) {
      if (finding.walk === walk && finding.pass < pass) this.#open.delete(name);
    }
    // What was only counted is found anew, and then there may be room for it.
    if (this.#open.size < maxFindings) this.#more = 0;
  }

  get list(): readonly OpenFinding[] {
    return [...this.#open.values()];
  }

  get more(): number {
    return this.#more;
  }
}

function nameOf({ kind, tenant, subject }: AuditFinding, walk: WalkName): string {
  return `${walk}\n${kind}\n${tenant}\n${subject}`;
}
