import * as z from 'zod';
import { type FeeRule, faultOfRule, feePayers, maxFeeRules, minFeeNoticeMs } from '../ledger/index.ts';
import {
  accountId,
  amountText,
  assetCode,
  instant,
  instantText,
  nextCursor,
  positiveAmount,
  transactionType,
} from './fields.ts';

/** What clients send and are answered about fee schedules. */

const maxBasisPoints = 10_000;

const payer = z.enum(feePayers).meta({
  id: 'FeePayer',
  description:
    'Which side of the posting pays: `source` on top of what it sends, `destination` out of what it has, once credited.',
});

const basisPoints = z
  .int()
  .min(1, 'at least 1')
  .max(maxBasisPoints, `at most ${maxBasisPoints}, the whole amount`)
  .meta({ description: 'Hundredths of a per cent of the amount, rounded half to even.', example: 150 });

const feeRule = z
  .strictObject({
    type: transactionType.meta({ description: 'Transactions of just this type.', example: 'transfer' }),
    asset: assetCode,
    flat: positiveAmount.optional().meta({ description: 'Charged whatever the amount.', example: '25' }),
    basisPoints: basisPoints.optional(),
    minimum: positiveAmount.optional().meta({ description: 'The fee is at least this.', example: '30' }),
    maximum: positiveAmount.optional().meta({ description: 'The fee is at most this.', example: '5000' }),
    payer,
    feeAccount: accountId,
  })
  .superRefine((rule, context) => {
    const message = faultOfRule(rule as FeeRule);
    if (message) context.addIssue({ code: 'custom', message });
  })
  .transform((rule) => rule as FeeRule)
  .meta({ id: 'FeeRuleRequest' });

export const createFeeScheduleBody = z
  .strictObject({
    rules: z
      .array(feeRule)
      .max(maxFeeRules, `at most ${maxFeeRules} rules`)
      .superRefine((rules, context) => {
        const cases = new Set<string>();
        for (const [index, rule] of rules.entries()) {
          const named = `${rule.type} ${rule.asset} ${rule.payer}`;
          if (cases.has(named)) {
            const message = 'another rule has the same type, asset and payer';
            context.addIssue({ code: 'custom', message, path: [index] });
          }
          cases.add(named);
        }
      })
      .meta({ description: 'All rules from then on. None at all: no fees.' }),
    effectiveAt: instant.optional().meta({
      description: `When it takes effect: at the earliest, and by default, ${minFeeNoticeMs / 1_000} seconds after it is made.`,
    }),
  })
  .meta({ id: 'CreateFeeSchedule' });

export const feeSchedulePath = z.strictObject({
  version: z
    .string()
    .regex(/^[1-9][0-9]{0,7}$/, 'a version: 1, 2, 3 …')
    .transform(Number)
    .meta({ description: 'Counts the fee schedules: 1, 2, 3 …', example: '3' }),
});

export const feeVersionText = z
  .string()
  .regex(/^[0-9]+$/)
  .meta({ description: 'Counts the fee schedules: 1, 2, 3 … without gaps.', example: '3' });

export const feeAnswer = z
  .strictObject({ amount: amountText, asset: assetCode, payer, feeAccount: accountId })
  .meta({ id: 'Fee', description: 'A fee that was taken by a posting of its own.' });

const feeRuleAnswer = z
  .strictObject({
    type: z.string(),
    asset: assetCode,
    flat: amountText.optional(),
    basisPoints: z.int().optional(),
    minimum: amountText.optional(),
    maximum: amountText.optional(),
    payer,
    feeAccount: accountId,
  })
  .meta({ id: 'FeeRule' });

export const feeScheduleAnswer = z
  .strictObject({
    version: feeVersionText,
    effectiveAt: instantText,
    rules: z.array(feeRuleAnswer),
    createdAt: instantText,
  })
  .meta({ id: 'FeeSchedule' });

export const feeSchedulePage = z
  .strictObject({ data: z.array(feeScheduleAnswer), nextCursor })
  .meta({ id: 'FeeSchedulePage' });
