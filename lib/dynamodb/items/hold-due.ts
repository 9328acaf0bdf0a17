import { createHash } from 'node:crypto';
import { parseHoldId } from '../../ledger/identifiers.ts';
import type { AccountId, Hold, HoldId, TenantId } from '../../ledger/index.ts';
import { InvariantViolation } from '../../ledger/index.ts';
import { lastPart, type Row } from './items.ts';

/**
 * Open holds in the sparse index `due`, which carries keys only.
 *
 * | attribute   | value                                | what for                                                         |
 * |-------------|--------------------------------------|------------------------------------------------------------------|
 * | `dueBucket` | `HOLD#<digit>`                       | one of 16 by a hash of tenant and account, so that none runs hot |
 * | `dueAt`     | `<end ms, 13 digits>#<account mark>` | the order of ends; whose it is, without reading the hold         |
 */
const bucketDigits = '0123456789abcdef';
const bucketPrefix = 'HOLD#';
const timeDigits = 13;
const markDigits = 16;

/** Every bucket there is: who looks for all that is due asks each of them. */
export const holdBuckets: readonly string[] = [...bucketDigits].map((digit) => bucketPrefix + digit);

/** Where an account's open holds are, and what marks them there as its own. */
export function dueMarkOf(tenant: TenantId, account: AccountId): { readonly bucket: string; readonly mark: string } {
  const digits = createHash('sha256').update(`${tenant}#${account}`).digest('hex');
  return { bucket: bucketPrefix + digits.charAt(0), mark: digits.slice(1, 1 + markDigits) };
}

/** What puts an open hold into the index. */
export function dueAttributes(tenant: TenantId, { account, expiresAt }: Pick<Hold, 'account' | 'expiresAt'>): Row {
  const { bucket, mark } = dueMarkOf(tenant, account);
  return { dueBucket: bucket, dueAt: `${timeText(expiresAt)}#${mark}` };
}

/** Sorts after all that is due at a time, and before what is due a millisecond later. */
export function dueUntil(time: number): string {
  return `${timeText(time)}#~`;
}

/** An open hold as the index shows it. */
export interface DueHold {
  readonly tenant: TenantId;
  readonly id: HoldId;
  readonly mark: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** @throws InvariantViolation for a row of the index that is no hold's */
export function parseDueHold({ PK, dueAt }: Row): DueHold {
  const [, tenant, of] = String(PK).split('#');
  const [time, mark] = String(dueAt).split('#');
  const id = parseHoldId(lastPart(String(PK)));
  if (of !== 'H' || !id || mark === undefined) throw new InvariantViolation(`${PK} is no hold that can be due`);
  return { tenant: tenant as TenantId, id, mark, expiresAt: Number(time) };
}

function timeText(time: number): string {
  return String(time).padStart(timeDigits, '0');
}
