import * as z from 'zod';
import { type MonitorId, monitorIdPattern, monitorStates, type Threshold } from '../ledger/balance-monitor.ts';
import { InvariantViolation, maxDescriptionBytes } from '../ledger/index.ts';
import { accountId, amountText, assetCode, boundedText, instantText, signedAmount, versionText } from './fields.ts';

/** What clients send and are answered about balance monitors. */

/** The check is the id's own pattern, so the cast adds no trust. */
export const monitorId = z.string().regex(monitorIdPattern, 'a monitor id as it was answered').meta({
  id: 'MonitorId',
  description: 'Follows from the account and the idempotency key alone.',
  example: 'mon_i3y5g2fjk7w3cdlqv4xw7hh7p3',
}) as unknown as z.ZodType<MonitorId, string>;

export const monitorsPath = z.strictObject({ accountId });
export const monitorPath = z.strictObject({ accountId, monitorId });

const below = signedAmount.meta({
  description: 'Crossed while less than this is available: an event `balance.low`.',
  example: '10000',
});

const above = signedAmount.meta({
  description: 'Crossed while more than this is available: an event `balance.high`.',
  example: '100000000',
});

const description = boundedText(maxDescriptionBytes).meta({
  description: `At most ${maxDescriptionBytes} bytes. It is in the events, too.`,
  example: 'Tell finance',
});

/** What a threshold is in a request: one of the two. */
interface Sides {
  readonly below?: bigint | undefined;
  readonly above?: bigint | undefined;
}

function oneSideAtMost({ below: low, above: high }: Sides, context: z.RefinementCtx): void {
  if (low === undefined || high === undefined) return;
  context.addIssue({ code: 'custom', message: 'not with below', path: ['above'] });
}

function someSide(sides: Sides, context: z.RefinementCtx): void {
  if (thresholdIn(sides)) return;
  context.addIssue({ code: 'custom', message: 'required without above', path: ['below'] });
}

/** The threshold that a request names, if it does. */
export function thresholdIn({ below: low, above: high }: Sides): Threshold | undefined {
  if (low !== undefined) return { side: 'below', amount: low };
  return high === undefined ? undefined : { side: 'above', amount: high };
}

/** The threshold of a request that has been checked to name one. */
export function thresholdOf(sides: Sides): Threshold {
  const threshold = thresholdIn(sides);
  if (!threshold) throw new InvariantViolation('a monitor without a threshold went unchecked');
  return threshold;
}

export const createMonitorBody = z
  .strictObject({
    asset: assetCode,
    below: below.optional(),
    above: above.optional(),
    description: description.optional(),
  })
  .superRefine(oneSideAtMost)
  .superRefine(someSide)
  .meta({ id: 'CreateMonitor', description: 'With one of `below` and `above`.' });

export const updateMonitorBody = z
  .strictObject({
    below: below.optional(),
    above: above.optional(),
    description: description.nullable().optional().meta({ description: 'Null takes it away.' }),
  })
  .superRefine(oneSideAtMost)
  .meta({
    id: 'UpdateMonitor',
    description: 'With another threshold the monitor begins anew, in the state of its balance, without an event.',
  });

const state = z.enum(monitorStates).meta({
  id: 'MonitorState',
  description: '`crossed` while the balance was last found beyond the threshold, else `quiet`.',
});

export const monitorAnswer = z
  .strictObject({
    id: monitorId,
    account: accountId,
    asset: assetCode,
    below: amountText.optional(),
    above: amountText.optional(),
    description: z.string().optional(),
    state,
    crossings: z.int().meta({ description: 'How many events it has had.' }),
    crossedAt: instantText.optional().meta({ description: 'When the latest was.' }),
    createdAt: instantText,
    version: versionText,
  })
  .meta({
    id: 'Monitor',
    description:
      'Watches what is available of an asset on an account, or what is posted where the account has no floor; of a spread account its shards together.',
  });

export const monitorList = z
  .strictObject({ data: z.array(monitorAnswer).meta({ description: 'All of them, the oldest first.' }) })
  .meta({ id: 'MonitorList' });

export const deletedMonitor = z
  .strictObject({ id: monitorId, status: z.literal('deleted') })
  .meta({ id: 'DeletedMonitor' });
