import type { AuditFinding } from '../../ledger/audit-finding.ts';
import { BalanceAudit } from '../../ledger/balance-audit.ts';
import type { TenantId } from '../../ledger/index.ts';
import type { Walk } from '../items/audit-item.ts';
import { type BalancePlace, nameInAccount } from '../items/balance-place.ts';
import type { Row } from '../items/items.ts';
import { type AuditedRow, entryPlace } from './table-audit-rows.ts';

/** Where a walk that meets entries in the order of their keys is: in the history of one balance. */
type Within = NonNullable<Walk['within']>;

/**
 * Verifies histories from their first entry on, as a scan brings their entries: all of a balance one after the other.
 * It remembers the last entry only, and can go on from there in another process.
 */
export class HistoryLook {
  #at: { readonly partition: string; readonly name: string; readonly audit: BalanceAudit } | undefined;
  readonly #resume: Within | undefined;

  constructor(within: Within | undefined) {
    this.#resume = within;
  }

  /** Holds the next row, if it is an entry, to the entry before it. */
  add(row: Row, audited: AuditedRow): AuditFinding[] {
    if (audited.kind === 'entry') return this.#turnTo(row, audited.tenant, audited.entry).add(audited.entry);
    const unreadable = audited.kind === 'unreadable' ? entryPlace(row) : undefined;
    if (audited.kind === 'unreadable' && unreadable) this.#turnTo(row, audited.tenant, unreadable).skip();
    return [];
  }

  #turnTo(row: Row, tenant: TenantId, place: BalancePlace): BalanceAudit {
    const partition = String(row.PK);
    const name = nameInAccount(place);
    if (this.#at?.partition === partition && this.#at.name === name) return this.#at.audit;
    const resumed = this.#at === undefined ? this.#resume : undefined;
    const isSame = resumed?.partition === partition && resumed.name === name;
    const audit = new BalanceAudit(tenant, place, isSame ? resumed.head : undefined);
    this.#at = { partition, name, audit };
    return audit;
  }

  /** Where to go on. */
  get within(): Within | undefined {
    if (!this.#at) return this.#resume;
    return { partition: this.#at.partition, name: this.#at.name, head: this.#at.audit.head };
  }
}
