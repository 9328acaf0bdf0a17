import { createHash } from 'node:crypto';
import * as z from 'zod';
import {
  type AccountId,
  InvariantViolation,
  parseTransactionId,
  type TenantId,
  type TransactionId,
} from '../../ledger/index.ts';
import { count, lastPart, parseRow, type Row } from './items.ts';
import { placeKey } from './keys.ts';

/**
 * Places in line in the sparse index `due`, which carries keys only: `dueBucket` is `LINE#<digit>`, one of 16 by a hash
 * of tenant and account, so that none runs hot; `dueAt` is the time of acceptance, 13 digits.
 */
const bucketDigits = '0123456789abcdef';
const bucketPrefix = 'LINE#';
const timeDigits = 13;

/** Every bucket there is: who looks for all that waits asks each of them. */
export const lineBuckets: readonly string[] = [...bucketDigits].map((digit) => bucketPrefix + digit);

/** What went wrong with the head of a line, each of the times it was tried. */
export interface HeadFailures {
  readonly attempts: number;
  readonly errorClass: string;
  readonly errorMessage: string;
  /** Milliseconds since 1970. */
  readonly firstFailedAt: number;
  readonly lastFailedAt: number;
}

/** A place in an account's line. */
export interface Place {
  readonly account: AccountId;
  readonly transaction: TransactionId;
  /** Milliseconds since 1970; the order of the line, and of the transaction's id where two are equal. */
  readonly acceptedAt: number;
  readonly failures?: HeadFailures;
}

const placeRow = z.object({
  failures: z
    .object({
      attempts: count,
      errorClass: z.string(),
      errorMessage: z.string(),
      firstFailedAt: count,
      lastFailedAt: count,
    })
    .optional(),
});

/** The row of a new place. */
export function placeItem(tenant: TenantId, { account, transaction, acceptedAt }: Omit<Place, 'failures'>): Row {
  const digest = createHash('sha256').update(`${tenant}#${account}`).digest('hex');
  return {
    ...placeKey(tenant, account, acceptedAt, transaction),
    dueBucket: bucketPrefix + digest.charAt(0),
    dueAt: String(acceptedAt).padStart(timeDigits, '0'),
  };
}

export function parsePlace(row: Row): Place {
  const { failures } = parseRow(placeRow, row);
  const [, time] = String(row.SK).split('#');
  const transaction = parseTransactionId(lastPart(String(row.SK)));
  if (!transaction) throw new InvariantViolation(`${row.PK} ${row.SK} is no place in a line`);
  const account = lastPart(String(row.PK)) as AccountId;
  return { account, transaction, acceptedAt: Number(time), ...(failures && { failures }) };
}

/** A place in line as the index shows it. */
export interface DuePlace {
  readonly tenant: TenantId;
  readonly account: AccountId;
  readonly acceptedAt: number;
}

/** @throws InvariantViolation for a row of the index that is no place in a line */
export function parseDuePlace({ PK, dueAt }: Row): DuePlace {
  const [, tenant, of, account] = String(PK).split('#');
  if (of !== 'L' || account === undefined || tenant === undefined) {
    throw new InvariantViolation(`${PK} is no line in which something can wait`);
  }
  return { tenant: tenant as TenantId, account: account as AccountId, acceptedAt: Number(dueAt) };
}
