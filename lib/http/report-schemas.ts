import * as z from 'zod';
import { damageKinds } from '../ledger/audit-finding.ts';
import { entryAnswer } from './answers.ts';
import { accountId, amountText, assetCode, assetInUrl, instant, instantText, nextCursor } from './fields.ts';
import { reportFormats } from './report-format.ts';

/** What clients ask of reports, and what they are answered. */

const defaultLimit = 100;

/** Rows of one page: an entry has at most about a kilobyte, and so a page stays far below the 6 MB that Lambda can answer. */
const maxLimit = 500;

const limitFault = `a number from 1 to ${maxLimit}`;

const limit = z
  .string()
  .regex(/^[0-9]{1,3}$/, limitFault)
  .transform(Number)
  .pipe(z.int().min(1, limitFault).max(maxLimit, limitFault))
  .optional()
  .transform((value) => value ?? defaultLimit)
  .meta({ description: `How many entries to answer at most: 1 to ${maxLimit}, ${defaultLimit} by default.` });

/** Longer than other cursors: that of a trial balance carries the sums so far. API Gateway takes 10 KB of headers with the URL. */
export const maxReportCursor = 6_144;

const cursor = z
  .string()
  .max(maxReportCursor)
  .optional()
  .meta({ description: 'The `nextCursor` or `X-Next-Cursor` of the page before, with the same query.' });

const format = z
  .enum(reportFormats)
  .optional()
  .meta({ description: '`json`, `csv` or `jsonl` (JSON Lines). Without it the `Accept` header decides.' });

const from = instant.optional().meta({ description: 'The first instant of the period; the beginning by default.' });
const to = instant.optional().meta({
  description:
    'The last instant of the period, included. Where it is absent, or so young that something might still change, the period ends at the newest instant that is final, about twelve seconds ago; the answer says when.',
});

export const statementQuery = z.strictObject({
  asset: assetInUrl.meta({ description: 'The asset of the statement.' }),
  from,
  to,
  format,
  limit,
  cursor,
});
export const exportQuery = z.strictObject({ from, to, format, limit, cursor });
export const trialBalanceQuery = z.strictObject({
  at: instant.optional().meta({
    description: 'The instant to add the balances of. The newest that is final, where it is absent or younger.',
  }),
  asset: assetInUrl.optional().meta({ description: 'Only this asset.' }),
  cursor,
});

const periodFields = {
  from: instantText.optional().meta({ description: 'As it was asked for; absent for the beginning.' }),
  to: instantText.meta({ description: 'The last instant of the period. Nothing at or before it can change any more.' }),
};

export const statementAnswer = z
  .strictObject({
    account: accountId,
    asset: assetCode,
    ...periodFields,
    opening: amountText.meta({ description: 'The posted balance before the first entry of the period.' }),
    closing: amountText.meta({
      description: 'The posted balance at its end: the opening balance and all amounts of all pages.',
    }),
    data: z.array(entryAnswer).meta({ description: 'Oldest first.' }),
    nextCursor,
  })
  .meta({ id: 'Statement' });

export const exportAnswer = z
  .strictObject({
    ...periodFields,
    data: z.array(entryAnswer).meta({ description: 'By account, oldest first. It may be empty before the last page.' }),
    nextCursor,
  })
  .meta({ id: 'EntryExport' });

/** A sum of balances may have more digits than any one of them. */
const sumText = z
  .string()
  .regex(/^-?[0-9]+$/)
  .meta({ description: 'Minor units, as a string of digits.', example: '1050' });

export const trialBalanceAnswer = z
  .strictObject({
    at: instantText,
    status: z.enum(['balanced', 'unbalanced', 'partial']).meta({
      description: '`partial`: there are more accounts to add, behind `nextCursor`. Then: whether every sum is zero.',
    }),
    assets: z.array(
      z.strictObject({
        asset: assetCode,
        credit: sumText.meta({ description: 'The sum of the balances above zero.' }),
        debit: sumText.meta({ description: 'The sum of those below zero, without its sign.' }),
        sum: sumText.meta({ description: '`credit − debit`: zero, or the difference.' }),
        balances: z.int().meta({ description: 'How many balances were added.' }),
      }),
    ),
    nextCursor,
  })
  .meta({ id: 'TrialBalance' });

const kinds = Object.keys(damageKinds) as [keyof typeof damageKinds, ...(keyof typeof damageKinds)[]];

export const checksAnswer = z
  .strictObject({
    status: z.enum(['sound', 'damaged', 'unknown']).meta({
      description: '`unknown` until the whole ledger was looked at once.',
    }),
    lastRunAt: instantText.nullable().meta({ description: 'When the self-audit ran last.' }),
    verifiedTo: instantText.nullable().meta({
      description: 'Every entry committed before was verified, and every balance held to its last one, since.',
    }),
    reverified: z
      .strictObject({ startedAt: instantText, endedAt: instantText })
      .nullable()
      .meta({ description: 'When every row, however old, was last verified again.' }),
    findings: z.array(
      z.strictObject({
        kind: z.enum(kinds).meta({
          description: Object.entries(damageKinds)
            .map(([kind, meaning]) => `\`${kind}\`: ${meaning}`)
            .join(' '),
        }),
        subject: z.string().meta({ description: 'The account, balance, entry or transaction it is about.' }),
        detail: z.string(),
        foundAt: instantText,
      }),
    ),
    moreFindings: z.boolean().meta({ description: 'Whether there is more than is kept.' }),
  })
  .meta({ id: 'Checks' });
