import type { AccountId, Metadata, TenantId } from './account.ts';
import { digestOf } from './canonical-json.ts';
import type { CommandBase } from './command.ts';
import { normalDetails } from './details.ts';
import { LedgerError } from './errors.ts';
import type { HoldId } from './hold.ts';
import { recordIdOf, transactionIdOf } from './identifiers.ts';

/** What a caller asks: post what is held, or a part of it, to an account, under this key. */
export interface CaptureHoldRequest {
  readonly tenant: TenantId;
  /** The idempotency key, 1 to 255 visible characters. */
  readonly key: string;
  readonly holdId: HoldId;
  readonly destination: AccountId;
  /** All that remains where nothing is said. */
  readonly amount?: bigint | undefined;
  /** Whether what remains after it is given back; false where nothing is said. */
  readonly final?: boolean | undefined;
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

/** Post a part of what a hold reserves. */
export interface CaptureHold extends CommandBase {
  readonly kind: 'captureHold';
  readonly holdId: HoldId;
  readonly destination: AccountId;
  readonly amount?: bigint;
  readonly isFinal: boolean;
  readonly description?: string;
  readonly metadata?: Metadata;
}

/**
 * Normalises a request. Absent and `false` are the same for `final`.
 *
 * @throws LedgerError `invalid_request` for an amount that is not positive
 */
export function captureHold(request: CaptureHoldRequest): CaptureHold {
  const { tenant, key, holdId, destination, amount, final: isFinal = false } = request;
  if (amount !== undefined && amount <= 0n) throw new LedgerError('invalid_request', 'an amount is positive');
  const { description, metadata } = normalDetails(request);
  const record = recordIdOf(tenant, key);
  return {
    kind: 'captureHold',
    tenant,
    record,
    id: transactionIdOf(record),
    type: 'capture',
    holdId,
    destination,
    ...(amount !== undefined && { amount }),
    isFinal,
    ...(description !== undefined && { description }),
    ...(metadata !== undefined && { metadata }),
    requestHash: digestOf({
      v: 1,
      operation: 'captureHold',
      holdId,
      destination,
      amount: amount?.toString() ?? null,
      final: isFinal,
      description: description ?? null,
      metadata: metadata ?? null,
    }),
  };
}
