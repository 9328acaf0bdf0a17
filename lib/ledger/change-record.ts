import type { Account, AccountId, TenantId } from './account.ts';
import { changeRecordIdOf, type RecordId } from './identifiers.ts';
import { accountContent, changeDetailsDigest, type EventContent } from './journal-content.ts';
import type { ChangeEventType } from './journal-event.ts';

/** What changes of a thing are numbered by: an account, or something else that is named by its id. */
export type ChangeSubject = `account/${string}` | `monitor/${string}` | `webhook/${string}`;

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
  /** Random; keeps redacted details from being guessed out of their digest. */
  readonly salt: string;
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
export function changeContent({ content, details, salt }: ChangeRecord): EventContent {
  return { ...content, ...(details && { detailsDigest: changeDetailsDigest(salt, details) }) };
}

/** The change of an account that leaves it like this; `number` counts its changes since they are recorded. */
export function accountChange(
  tenant: TenantId,
  account: Account,
  { number, createdAt, salt }: Pick<ChangeRecord, 'number' | 'createdAt' | 'salt'>,
): ChangeRecord {
  const { id, owner, metadata, version } = account;
  return changeRecord(tenant, {
    type: version === 1 ? 'account.created' : 'account.updated',
    subject: subjectOfAccount(id),
    number,
    createdAt,
    content: accountContent(account),
    details: { owner: owner ?? null, metadata: { ...metadata } },
    salt,
  });
}

function subjectOfAccount(id: AccountId): ChangeSubject {
  return `account/${id}`;
}
