import { createHash } from 'node:crypto';
import type { TenantId } from './account.ts';
import type { HoldId } from './hold.ts';
import type { TransactionId } from './transaction.ts';

declare const recordId: unique symbol;

/** Where a key's record lies: 52 characters of base32, the same for every operation, so that duplicates meet on one item. */
export type RecordId = string & { readonly [recordId]: true };

const base32Alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
export const transactionIdPattern = /^tx_[a-z2-7]{52}$/;
export const holdIdPattern = /^hold_[a-z2-7]{52}$/;

/** Lower-case base32 without padding. Source: RFC 4648, section 6. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += base32Alphabet[(value >>> bits) & 31];
    }
  }
  return bits === 0 ? text : text + base32Alphabet[(value << (5 - bits)) & 31];
}

/** SHA-256 of parts, each prefixed with its length in bytes, so that no two lists of parts share a text. */
function hashParts(parts: readonly string[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest();
}

/** The record of an idempotency key: a tenant's key names one record, for ever, whatever the operation. */
export function recordIdOf(tenant: TenantId, key: string): RecordId {
  return base32(hashParts(['key', tenant, key])) as RecordId;
}

/** The record of a transaction in a batch, by its place from 0. It has a tag of its own, so no key of a client can ever name it. */
export function memberRecordIdOf(tenant: TenantId, key: string, index: number): RecordId {
  return base32(hashParts(['member', tenant, key, String(index)])) as RecordId;
}

export function transactionIdOf(record: RecordId): TransactionId {
  return `tx_${record}` as TransactionId;
}

export function holdIdOf(record: RecordId): HoldId {
  return `hold_${record}` as HoldId;
}

/** Where the record of a hold's expiry lies. It has a tag of its own, so no key of a client can ever name it. */
export function expiryRecordIdOf(tenant: TenantId, hold: HoldId): RecordId {
  return base32(hashParts(['expiry', tenant, hold])) as RecordId;
}

/** Where a change record lies, by what it is a change of and its number. It has a tag of its own, so no key of a client can ever name it. */
export function changeRecordIdOf(tenant: TenantId, subject: string, number: number): RecordId {
  return base32(hashParts(['change', tenant, subject, String(number)])) as RecordId;
}

/** Where the record of another try of a failed transaction lies. It has a tag of its own, so no key of a client can ever name it. */
export function reprocessRecordIdOf(tenant: TenantId, failed: TransactionId): RecordId {
  return base32(hashParts(['reprocess', tenant, failed])) as RecordId;
}

/** An account's name where the client gave none: it follows from the key, so that a retry meets the same account. */
export function generatedAccountId(tenant: TenantId, key: string): string {
  return `acct_${base32(hashParts(['account', tenant, key])).slice(0, 26)}`;
}

/** A short mark of an idempotency key, kept in items that remember which keys were applied to them. */
export function keyMark(tenant: TenantId, operation: string, key: string): string {
  return base32(hashParts(['mark', tenant, operation, key])).slice(0, 26);
}

/** Reads a transaction's id, or returns undefined when it has another form. */
export function parseTransactionId(text: string): TransactionId | undefined {
  return transactionIdPattern.test(text) ? (text as TransactionId) : undefined;
}

/** Reads a hold's id, or returns undefined when it has another form. */
export function parseHoldId(text: string): HoldId | undefined {
  return holdIdPattern.test(text) ? (text as HoldId) : undefined;
}

export function recordIdOfTransaction(id: TransactionId): RecordId {
  return id.slice(3) as RecordId;
}

/** The record of the key that made a hold. */
export function recordIdOfHold(id: HoldId): RecordId {
  return id.slice('hold_'.length) as RecordId;
}
