import { ledgerTable } from '../../config/ledger-table.ts';
import type { AuditFinding } from '../../ledger/audit-finding.ts';
import { type AuditedHead, beforeFirst } from '../../ledger/balance-audit.ts';
import type { AccountId, TenantId } from '../../ledger/index.ts';
import type { VerifiedHeads } from '../items/audit-item.ts';
import { nameInAccount } from '../items/balance-place.ts';
import type { Row } from '../items/items.ts';
import { verifiedKey } from '../items/keys.ts';
import type { Clock } from '../table/patience.ts';
import type { Reader } from '../table/reader.ts';
import { lookAtAccount } from './account-look.ts';
import type { AccountPlace, AuditStore } from './audit-store.ts';
import { lookAtBalance } from './balance-look.ts';
import type { WalkStep } from './walk-step.ts';

/** Accounts taken at a time, and how many of them are looked at at once. */
const accountsPerStep = 48;
const accountsAtOnce = 8;

/**
 * The walk over what is new: each account with its balances, each balance with the entries since it was last verified.
 * A balance that does not move costs the read of its account and nothing else.
 */
export class RecentWalk {
  readonly #reader: Reader;
  readonly #store: AuditStore;
  readonly #clock: Clock;
  readonly #entriesPerLook: number;

  constructor(reader: Reader, store: AuditStore, clock: Clock, entriesPerLook: number) {
    this.#reader = reader;
    this.#store = store;
    this.#clock = clock;
    this.#entriesPerLook = entriesPerLook;
  }

  /** Looks at the next accounts behind a key of the index. @throws LedgerError `unavailable` */
  async step(after: Row | undefined): Promise<WalkStep> {
    const { rows, lastKey } = await this.#reader.scan({
      IndexName: ledgerTable.indexes.accountsByTenant.name,
      Limit: accountsPerStep,
      ...(after && { ExclusiveStartKey: after }),
    });
    const places = rows.flatMap(placeOf);
    // Before any balance is read: a head is a fact, and a balance read later counts it.
    const verified = await this.#store.verified(places);
    const findings: AuditFinding[] = [];
    let entries = 0;
    let behind = 0;
    for (let first = 0; first < places.length; first += accountsAtOnce) {
      const now = places.slice(first, first + accountsAtOnce);
      const looks = await Promise.all(now.map((place) => this.#look(place, headsOf(verified, place))));
      for (const look of looks) {
        findings.push(...look.findings);
        entries += look.entries;
        behind += look.behind;
      }
    }
    return { findings, entries, behind, ...(lastKey && { after: lastKey as Record<string, string> }) };
  }

  async #look(place: AccountPlace, known: VerifiedHeads): Promise<AccountLook> {
    const { tenant, account } = place;
    const seen = await lookAtAccount(this.#reader, this.#clock, tenant, account);
    const findings = [...seen.findings];
    const heads = new Map(known);
    let entries = 0;
    let behind = 0;
    for (const balance of seen.balances) {
      const name = nameInAccount(balance);
      const from: AuditedHead = known.get(name) ?? beforeFirst;
      const look = await lookAtBalance(this.#reader, tenant, balance, from, this.#entriesPerLook);
      findings.push(...look.findings);
      entries += look.entries;
      if (!look.isComplete && look.findings.length === 0) behind++;
      // A head behind damage is kept back, so that the damage is met again until it is repaired.
      if (look.findings.length === 0 && look.head.sequence > from.sequence) heads.set(name, look.head);
    }
    const hasMoved = [...heads].some(([name, head]) => known.get(name)?.sequence !== head.sequence);
    if (hasMoved) await this.#store.keepVerified(place, heads);
    return { findings, entries, behind };
  }
}

/** What a look at an account with all its balances came to. */
type AccountLook = Required<Pick<WalkStep, 'findings' | 'entries' | 'behind'>>;

function headsOf(verified: ReadonlyMap<string, VerifiedHeads>, { tenant, account }: AccountPlace): VerifiedHeads {
  return verified.get(verifiedKey(tenant, account).PK) ?? new Map();
}

function placeOf(row: Row): AccountPlace[] {
  const [, tenant, of, account] = String(row.PK).split('#');
  if (of !== 'A' || tenant === undefined || account === undefined) return [];
  return [{ tenant: tenant as TenantId, account: account as AccountId }];
}
