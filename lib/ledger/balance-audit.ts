import type { TenantId } from './account.ts';
import type { AuditFinding, DamageKind } from './audit-finding.ts';
import { type Balance, type BalancePlace, balanceTitle } from './balance.ts';
import { type Entry, entryHash, genesisHash } from './entry.ts';
import type { TransactionId } from './transaction.ts';

/** What is known of a balance up to one of its entries: the next entry, and in the end the balance, has to fit to it. */
export interface AuditedHead {
  readonly sequence: number;
  readonly posted: bigint;
  readonly hash: string;
  readonly at: number;
  readonly transaction: TransactionId | null;
  /** The transaction before `transaction`: entries of one transaction on one balance all name the one before it. */
  readonly earlierTransaction: TransactionId | null;
  /** Whether a debit was allowed to pass the floor since the balance was last seen at or above it. */
  readonly isOverdrawn: boolean;
}

/** Before the first entry of every balance. */
export const beforeFirst: AuditedHead = {
  sequence: 0,
  posted: 0n,
  hash: genesisHash,
  at: 0,
  transaction: null,
  earlierTransaction: null,
  isOverdrawn: false,
};

/**
 * Verifies the history of one balance, entry by entry in the order of their keys, and at the end the balance itself.
 * It keeps the last entry's traces only, so a history of any length takes the same memory. One damaged entry is told
 * once: the walk goes on from what that entry says. It can be broken off, and taken up again from the head it had.
 */
export class BalanceAudit {
  readonly #tenant: TenantId;
  readonly #name: string;
  #head: AuditedHead;
  /** Whether something before the next entry was found missing or unreadable, so that it can not be held to its predecessor. */
  #isCut = false;

  constructor(tenant: TenantId, balance: BalancePlace, from: AuditedHead = beforeFirst) {
    this.#tenant = tenant;
    this.#name = balanceTitle(balance);
    this.#head = from;
  }

  /** The last entry that was added, as it is remembered. */
  get head(): AuditedHead {
    return this.#head;
  }

  /** Holds the next entry to the one before it. */
  add(entry: Entry): AuditFinding[] {
    const findings: AuditFinding[] = [];
    const find = (kind: DamageKind, detail: string) => {
      findings.push({ kind, tenant: this.#tenant, subject: `${this.#name} entry ${entry.sequence}`, detail });
    };
    const head = this.#head;
    if (entry.hash !== entryHash(this.#tenant, entry)) find('changed_entry', 'its hash is that of another content');
    if (entry.sequence <= head.sequence) {
      find('repeated_entry', `it comes after entry ${head.sequence}`);
      return findings;
    }
    if (entry.sequence > head.sequence + 1 && !this.#isCut) {
      const missing = entry.sequence - head.sequence - 1;
      find('missing_entry', `${missing} before it, from entry ${head.sequence + 1} on`);
    } else if (!this.#isCut) this.#holdToHead(entry, find);
    const isSame = entry.transactionId === head.transaction;
    this.#head = {
      sequence: entry.sequence,
      posted: entry.balanceAfter,
      hash: entry.hash,
      at: entry.createdAt,
      transaction: entry.transactionId,
      earlierTransaction: isSame && !this.#isCut ? head.earlierTransaction : entry.previousTransactionId,
      isOverdrawn: head.isOverdrawn || entry.overdraft === true,
    };
    this.#isCut = false;
    return findings;
  }

  /** Notes an entry that cannot be read: the next one is not held to it. */
  skip(): void {
    this.#isCut = true;
  }

  #holdToHead(entry: Entry, find: (kind: DamageKind, detail: string) => void): void {
    const head = this.#head;
    if (entry.previousHash !== head.hash) find('broken_chain', `entry ${head.sequence} has another hash`);
    if (entry.balanceAfter !== head.posted + entry.amount) {
      find('wrong_balance_after', `${head.posted} and ${entry.amount} are not ${entry.balanceAfter}`);
    }
    const predecessor = entry.transactionId === head.transaction ? head.earlierTransaction : head.transaction;
    if (entry.previousTransactionId !== predecessor) {
      find('wrong_predecessor', `it names ${entry.previousTransactionId}, and ${predecessor} is`);
    }
  }

  /** Holds the balance to its last entry, when all entries have been added. */
  close(balance: Balance | undefined): AuditFinding[] {
    const { sequence, posted, hash, at, transaction } = this.#head;
    const finding = (kind: DamageKind, detail: string): AuditFinding => ({
      kind,
      tenant: this.#tenant,
      subject: this.#name,
      detail,
    });
    if (!balance) return [finding('missing_balance', `its entries come to ${posted}`)];
    const differences = [
      balance.posted !== posted && `posted is ${balance.posted}, the entries come to ${posted}`,
      balance.sequence !== sequence && `it counts ${balance.sequence} entries, the last is entry ${sequence}`,
      balance.headHash !== hash && 'it has the hash of another entry as the last',
      balance.lastEntryAt !== at && `its last entry is of ${balance.lastEntryAt}, entry ${sequence} of ${at}`,
      balance.lastTransaction !== transaction &&
        `its last transaction is ${balance.lastTransaction}, not ${transaction}`,
    ].filter((difference) => difference !== false);
    const findings = differences.length === 0 ? [] : [finding('wrong_balance', differences.join('; '))];
    const { floor, held } = balance;
    const isBelow = floor !== null && balance.posted - held < floor;
    if (isBelow && !this.#head.isOverdrawn) {
      findings.push(finding('below_floor', `posted ${balance.posted}, held ${held}, floor ${floor}`));
    }
    this.#head = { ...this.#head, isOverdrawn: isBelow };
    return findings;
  }
}
