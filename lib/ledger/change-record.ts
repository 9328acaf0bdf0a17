import type { Account, AccountId, TenantId } from './account.ts';
import { InvariantViolation } from './errors.ts';
import type { HoldId } from './hold.ts';
import { changeRecordIdOf, type RecordId, recordIdOfHold, recordIdOfTransaction } from './identifiers.ts';
import { accountContent, changeDetailsDigest, type EventContent } from './journal-content.ts';
import type { ChangeEventType } from './journal-event.ts';
import type { TransactionId } from './transaction.ts';

/** What changes of a thing are numbered by: an account, or something else that is named by its id. */
export type ChangeSubject =
  | `account/${string}`
  | `monitor/${string}`
  | `webhook/${string}`
  | `transaction/${TransactionId}`
  | `hold/${HoldId}`;

/**
 * A change that moves no money, for the journal: immutable, and written together with what it changes. Its id follows from
 * subject and number, so that there is one for each number. The numbers of a subject are 1, 2, 3 … without gaps: a
 * change is appended to the journal behind the one before it, which must be there.
 */
export interface ChangeRecord {
  readonly id: RecordId;
  readonly type: ChangeEventType;
  readonly subject: ChangeSubject;
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** What the event shows, as the API writes it, without what may be redacted. */
  readonly content: EventContent;
  /** What may be redacted of it: description, metadata, owner. Absent where there is nothing of the kind. */
  readonly details?: EventContent;
  /** Random; keeps redacted details from being guessed out of their digest, and goes with them. */
  readonly salt?: string;
  /** The digest of details that were redacted. */
  readonly detailsDigest?: string;
}

/** What somebody who changes something says of it. */
export type NewChange = Omit<ChangeRecord, 'id'>;

export function changeRecord(tenant: TenantId, change: NewChange): ChangeRecord {
  return { id: changeRecordIdOf(tenant, change.subject, change.number), ...change };
}

/** The change before it of the same subject; undefined for the first. */
export function previousChange(
  tenant: TenantId,
  { subject, number }: Pick<ChangeRecord, 'subject' | 'number'>,
): RecordId | undefined {
  return number > 1 ? changeRecordIdOf(tenant, subject, number - 1) : undefined;
}

/** What the hash of the event covers. */
export function changeContent(change: ChangeRecord): EventContent {
  const detailsDigest = digestOfChange(change);
  return { ...change.content, ...(detailsDigest !== undefined && { detailsDigest }) };
}

/** The digest of what may be redacted of a change, or what was kept of it since; undefined where there is nothing of the kind. */
export function digestOfChange({ details, salt, detailsDigest }: ChangeRecord): string | undefined {
  if (!details) return detailsDigest;
  if (salt === undefined) throw new InvariantViolation('a change has details and no salt');
  return changeDetailsDigest(salt, details);
}

/** The record of the key that a change is about: that is in the journal before it. Undefined of what no key's record is of. */
export function recordBehind({ subject }: Pick<ChangeRecord, 'subject'>): RecordId | undefined {
  const [kind, id = ''] = subject.split('/');
  if (kind === 'transaction') return recordIdOfTransaction(id as TransactionId);
  return kind === 'hold' ? recordIdOfHold(id as HoldId) : undefined;
}

export interface AccountChangeOptions {
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly salt: string;
  /** Where it is neither its making nor a common change. */
  readonly type?: 'account.redacted';
}

/** The change of an account that leaves it like this; `number` counts its changes since they are recorded. */
export function accountChange(
  tenant: TenantId,
  account: Account,
  { number, createdAt, salt, type }: AccountChangeOptions,
): ChangeRecord {
  const { id, owner, metadata, version } = account;
  return changeRecord(tenant, {
    type: type ?? (version === 1 ? 'account.created' : 'account.updated'),
    subject: subjectOfAccount(id),
    number,
    createdAt,
    content: accountContent(account),
    details: { owner: owner ?? null, metadata: { ...metadata } },
    salt,
  });
}

export function subjectOfAccount(id: AccountId): ChangeSubject {
  return `account/${id}`;
}
