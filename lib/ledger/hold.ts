import type { AccountId, Metadata } from './account.ts';
import type { AssetCode } from './asset.ts';
import type { RecordId } from './identifiers.ts';
import type { Redaction } from './redaction.ts';

declare const holdId: unique symbol;

/** `hold_` and 52 characters that follow from tenant and idempotency key alone. */
export type HoldId = string & { readonly [holdId]: true };

/** `open` until nothing remains of it: it was captured, voided, or its time was over. */
export const holdStatuses = ['open', 'captured', 'voided', 'expired'] as const;
export type HoldStatus = (typeof holdStatuses)[number];

/** A reservation of a part of a balance: later captured, voided or expired, by exactly one of them. */
export interface Hold {
  readonly id: HoldId;
  readonly account: AccountId;
  readonly asset: AssetCode;
  /** What was reserved, in minor units. */
  readonly amount: bigint;
  /** What is still reserved; 0 unless it is open. */
  readonly remaining: bigint;
  /** What was posted out of it so far. Amount less captured and remaining was given back. */
  readonly captured: bigint;
  readonly status: HoldStatus;
  readonly description?: string;
  readonly metadata?: Metadata;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** From this time on it is open no more, whether or not anybody has noticed; milliseconds since 1970. */
  readonly expiresAt: number;
  /** The time of its latest change, in milliseconds since 1970; its end, once it is open no more. */
  readonly updatedAt: number;
  /** Counts its changes, from 1; every write of it is conditioned on the version it was decided on. */
  readonly version: number;
  /** Random; keeps redacted details from being guessed out of their digest, and goes with them. Absent of holds made before there was one. */
  readonly salt?: string;
  /** That what its client wrote about it was removed. Every operation since carries it on. */
  readonly redacted?: Redaction;
  /** The record of the operation that left it like this; absent where that was before it was noted. */
  readonly operation?: RecordId;
  /** The record of the operation before that; absent of the first, and where it was before it was noted. */
  readonly previousOperation?: RecordId;
}

/** Whether something can still be captured from a hold, or the hold be voided, at a time: its own time ends it, swept or not. */
export function isOpenAt({ status, expiresAt }: Pick<Hold, 'status' | 'expiresAt'>, time: number): boolean {
  return status === 'open' && time < expiresAt;
}

/** What a hold is at a time: an open one is expired from `expiresAt` on, also while its rest waits to be released. */
export function holdStatusAt({ status, expiresAt }: Pick<Hold, 'status' | 'expiresAt'>, time: number): HoldStatus {
  return status === 'open' && time >= expiresAt ? 'expired' : status;
}

/** A hold out of which something was posted; when that is final, or nothing remains, the rest is given back with it. */
export function afterCapture(
  hold: Hold,
  { amount, isFinal, time, record }: { amount: bigint; isFinal: boolean; time: number; record: RecordId },
): Hold {
  const remaining = isFinal ? 0n : hold.remaining - amount;
  return {
    ...afterOperation(hold, record),
    remaining,
    captured: hold.captured + amount,
    status: remaining === 0n ? 'captured' : 'open',
    updatedAt: time,
  };
}

/** A hold of which all that remained was given back. */
export function afterRelease(
  hold: Hold,
  { status, time, record }: { status: 'voided' | 'expired'; time: number; record: RecordId },
): Hold {
  return { ...afterOperation(hold, record), remaining: 0n, status, updatedAt: time };
}

/** One version on, by the operation of this record: it names the one before, so that all of a hold's operations are in order. */
function afterOperation({ previousOperation: _, ...hold }: Hold, record: RecordId): Hold {
  const before = hold.operation;
  return {
    ...hold,
    version: hold.version + 1,
    operation: record,
    ...(before !== undefined && { previousOperation: before }),
  };
}
