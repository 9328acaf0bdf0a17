import * as z from 'zod';
import type { AccountId, TenantId } from '../ledger/index.ts';

/**
 * The messages between functions. Each only says where to look: what is to be done there is read from the tables, so
 * that a message that comes twice, late, in another order or not at all does no harm.
 */
const tenant = z
  .string()
  .min(1)
  .transform((text) => text as TenantId);
const account = z
  .string()
  .min(1)
  .transform((text) => text as AccountId);

/** An account's line may have something in it. */
export const lineWakeUp = z.object({ tenant, account });
export type LineWakeUp = z.output<typeof lineWakeUp>;

/** Names in one message at the most, so that it stays far below what a queue takes. */
export const maxNamedInWakeUp = 500;

/** These items of the tenant may not be in its journal yet. */
export const journalWakeUp = z.object({
  tenant,
  /** Partition keys of records and of change records. */
  items: z.array(z.string()).max(maxNamedInWakeUp),
});
export type JournalWakeUp = z.output<typeof journalWakeUp>;

/** The tenant's journal may have blocks that are not published yet. */
export const publicationWakeUp = z.object({ tenant });
export type PublicationWakeUp = z.output<typeof publicationWakeUp>;

/** A delivery to a webhook may be due. */
export const deliveryWakeUp = z.object({ tenant, webhookId: z.string().min(1), deliveryId: z.string().min(1) });
export type DeliveryWakeUp = z.output<typeof deliveryWakeUp>;
