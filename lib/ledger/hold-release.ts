import type { TenantId } from './account.ts';
import { digestOf } from './canonical-json.ts';
import type { CommandBase } from './command.ts';
import type { HoldId } from './hold.ts';
import { expiryRecordIdOf, recordIdOf, transactionIdOf } from './identifiers.ts';

/** Give back what a hold still reserves: because a client says so, or because its time is over. */
export interface ReleaseHold extends CommandBase {
  readonly kind: 'releaseHold';
  readonly holdId: HoldId;
  /** What the hold is afterwards. */
  readonly status: 'voided' | 'expired';
}

/** A client's request to end a hold, under its key. */
export function voidHold({
  tenant,
  key,
  holdId,
}: {
  readonly tenant: TenantId;
  readonly key: string;
  readonly holdId: HoldId;
}): ReleaseHold {
  const record = recordIdOf(tenant, key);
  return {
    kind: 'releaseHold',
    tenant,
    record,
    id: transactionIdOf(record),
    type: 'void',
    holdId,
    status: 'voided',
    requestHash: digestOf({ v: 1, operation: 'voidHold', holdId }),
  };
}

/**
 * The release of a hold whose time is over. Its key follows from the hold alone, so that however many notice it, and
 * however often, it is done once.
 */
export function expireHold(tenant: TenantId, holdId: HoldId): ReleaseHold {
  const record = expiryRecordIdOf(tenant, holdId);
  return {
    kind: 'releaseHold',
    tenant,
    record,
    id: transactionIdOf(record),
    type: 'expiry',
    holdId,
    status: 'expired',
    requestHash: digestOf({ v: 1, operation: 'expireHold', holdId }),
  };
}
