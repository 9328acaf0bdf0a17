import type { AccountId, Metadata, TenantId } from './account.ts';
import type { AssetCode } from './asset.ts';
import { digestOf } from './canonical-json.ts';
import type { CommandBase } from './command.ts';
import { normalDetails } from './details.ts';
import { LedgerError } from './errors.ts';
import type { HoldId } from './hold.ts';
import { holdIdOf, recordIdOf, transactionIdOf } from './identifiers.ts';
import { defaultHoldSeconds, maxHoldSeconds } from './limits.ts';

/** When a hold is to end: at a time in milliseconds since 1970, or so many seconds after it was made. */
export type Expiry = { readonly expiresAt: number } | { readonly expiresInSeconds: number };

/** What a caller asks: reserve an amount of an account's balance, under this key. */
export interface CreateHoldRequest {
  readonly tenant: TenantId;
  /** The idempotency key, 1 to 255 visible characters. */
  readonly key: string;
  readonly account: AccountId;
  readonly asset: AssetCode;
  readonly amount: bigint;
  /** After a week where nothing is said. */
  readonly expiry?: Expiry | undefined;
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

/** Reserve an amount of a balance. */
export interface CreateHold extends CommandBase {
  readonly kind: 'createHold';
  readonly holdId: HoldId;
  readonly account: AccountId;
  readonly asset: AssetCode;
  readonly amount: bigint;
  readonly expiry: Expiry;
  readonly description?: string;
  readonly metadata?: Metadata;
}

/**
 * Normalises a request. A hold without an expiry and one that names the default are different requests, since the
 * default may change.
 *
 * @throws LedgerError `invalid_request` for an amount that is not positive, or a span that is not 1 second to 31 days
 */
export function createHold(request: CreateHoldRequest): CreateHold {
  const { tenant, key, account, asset, amount, expiry } = request;
  if (amount <= 0n) throw new LedgerError('invalid_request', 'an amount is positive');
  if (expiry && 'expiresInSeconds' in expiry) demandSpan(expiry.expiresInSeconds);
  const { description, metadata } = normalDetails(request);
  const record = recordIdOf(tenant, key);
  return {
    kind: 'createHold',
    tenant,
    record,
    id: transactionIdOf(record),
    type: 'hold',
    holdId: holdIdOf(record),
    account,
    asset,
    amount,
    expiry: expiry ?? { expiresInSeconds: defaultHoldSeconds },
    ...(description !== undefined && { description }),
    ...(metadata !== undefined && { metadata }),
    requestHash: digestOf({
      v: 1,
      operation: 'createHold',
      account,
      asset,
      amount: amount.toString(),
      expiry: expiry ? { ...expiry } : null,
      description: description ?? null,
      metadata: metadata ?? null,
    }),
  };
}

function demandSpan(seconds: number): void {
  if (Number.isSafeInteger(seconds) && seconds >= 1 && seconds <= maxHoldSeconds) return;
  throw new LedgerError('invalid_request', `a hold lasts 1 to ${maxHoldSeconds} seconds, not ${seconds}`);
}
