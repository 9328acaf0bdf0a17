import type { AccountId, Metadata } from './account.ts';
import type { AssetCode } from './asset.ts';

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
  readonly status: HoldStatus;
  readonly description?: string;
  readonly metadata?: Metadata;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** From this time on it is open no more, whether or not anybody has noticed; milliseconds since 1970. */
  readonly expiresAt: number;
  /** Counts its changes, from 1; every write of it is conditioned on the version it was decided on. */
  readonly version: number;
}
