import { type CanonicalValue, canonicalJson, digestOf, genesisHash, type TenantId } from '../ledger/index.ts';
import type { Act } from './act.ts';

/** The version of the hashed form; it changes only together with a documented new form. */
const auditHashVersion = 1;

/** An act as it is kept: numbered without gaps from 1 in its tenant's log, and chained by hash to the one before. */
export interface AuditRecord extends Act {
  readonly number: number;
  /** Milliseconds since 1970; never before the record before. */
  readonly at: number;
  /** Random: it tells an act from another that is just like it, and makes its record impossible to guess. */
  readonly nonce: string;
  /** The hash of the record before; of the first one 64 zeros. */
  readonly previousHash: string;
  readonly hash: string;
}

/** Of a record, what others refer to it by. */
export type AuditMark = Pick<AuditRecord, 'number' | 'at' | 'hash' | 'nonce'>;

/** Where a log stands: what its next record goes on from. */
export type AuditTail = Pick<AuditMark, 'number' | 'at' | 'hash'> & Partial<Pick<AuditMark, 'nonce'>>;

/** A log without a record. */
export const emptyLog: AuditTail = { number: 0, at: 0, hash: genesisHash };

/** The record of an act that follows the last one. */
export function nextRecord(tail: AuditTail, act: Act, now: number, nonce: string): AuditRecord {
  const content = {
    ...wellFormed(act),
    number: tail.number + 1,
    at: Math.max(now, tail.at),
    nonce,
    previousHash: tail.hash,
  };
  return { ...content, hash: auditHash(act.tenant, content) };
}

/** Whether a record says that such an act was done: the same to the same, by the same client for the same subject, with what it became. */
export function isSuchAct(record: Act, act: Act): boolean {
  const told = ({ action, target, actor: { tenant, client, subject }, after }: Act) =>
    canonicalJson({ action, target, tenant, client, subject, after });
  return told(record) === told(wellFormed(act));
}

/**
 * What is of no Unicode replaced as encoders do: half of a character, where a text was cut, and what a token may claim. DynamoDB takes no such
 * text, and whatever keeps it keeps another one than was hashed.
 */
function wellFormed<T>(value: T): T {
  if (typeof value === 'string') return value.toWellFormed() as T;
  if (Array.isArray(value)) return value.map(wellFormed) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, wellFormed(member)])) as T;
}

/**
 * The hash that chains a record to the one before: SHA-256 over canonical JSON of all that the record says, the number as a decimal
 * string, the time as RFC 3339 UTC with milliseconds, what is absent left out.
 */
export function auditHash(tenant: TenantId, record: Omit<AuditRecord, 'hash' | 'tenant'>): string {
  return digestOf(hashedForm(tenant, record));
}

/** What is hashed of a record. */
export function hashedForm(
  tenant: TenantId,
  record: Omit<AuditRecord, 'hash' | 'tenant'>,
): { readonly [name: string]: CanonicalValue | undefined } {
  const { action, target, actor, correlationId, reason, before, after, nonce, previousHash } = record;
  return {
    v: auditHashVersion,
    tenant,
    number: String(record.number),
    at: new Date(record.at).toISOString(),
    action,
    target,
    actor: { ...actor },
    correlationId,
    reason,
    before,
    after,
    nonce,
    previousHash,
  };
}
