import * as z from 'zod';
import type { EventEnvelope } from '../events/envelope.ts';
import { type AccountId, type AssetCode, InvariantViolation } from '../ledger/index.ts';
import type { Touched } from './balance-watch.ts';

const account = z.string().transform((text) => text as AccountId);
const asset = z.string().transform((text) => text as AssetCode);

/** What is read of events; what else is in them is left alone. */
const posted = z.object({ entries: z.array(z.object({ account, asset })) });
const hold = z.object({ account, asset });
const changedAccount = z.object({ id: account });

/**
 * The balances that an event may have changed what is available of. The members of a batch have events of their own.
 *
 * @throws InvariantViolation for an event without the data that it should have
 */
export function touchedBy({ id, type, data }: Pick<EventEnvelope, 'id' | 'type' | 'data'>): Map<AccountId, Touched> {
  switch (type) {
    case 'transaction.posted': {
      const byAccount = Map.groupBy(parsed(posted, id, data).entries, (entry) => entry.account);
      return new Map([...byAccount].map(([of, entries]) => [of, new Set(entries.map((entry) => entry.asset))]));
    }
    case 'hold.created':
    case 'hold.voided':
    case 'hold.expired': {
      const held = parsed(hold, id, data);
      return new Map([[held.account, new Set([held.asset])]]);
    }
    case 'account.updated':
      // A floor may be another one, of whatever asset.
      return new Map([[parsed(changedAccount, id, data).id, 'all']]);
    default:
      return new Map();
  }
}

/** What several events touched, each account once. */
export function allTouched(events: readonly Pick<EventEnvelope, 'id' | 'type' | 'data'>[]): Map<AccountId, Touched> {
  const all = new Map<AccountId, Touched>();
  for (const event of events) {
    for (const [of, touched] of touchedBy(event)) {
      const before = all.get(of) ?? new Set<AssetCode>();
      all.set(of, before === 'all' || touched === 'all' ? 'all' : new Set([...before, ...touched]));
    }
  }
  return all;
}

function parsed<Schema extends z.ZodType>(schema: Schema, id: string, data: unknown): z.output<Schema> {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  throw new InvariantViolation(`${id} does not say whose balances it touched`);
}
