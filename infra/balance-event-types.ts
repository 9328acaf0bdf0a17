import type { EventType } from '../lib/ledger/index.ts';

/** The events after which an account may have another amount available. The members of a batch are events of their own. */
export const balanceEventTypes = [
  'transaction.posted',
  'hold.created',
  'hold.voided',
  'hold.expired',
  'account.updated',
] as const satisfies readonly EventType[];
