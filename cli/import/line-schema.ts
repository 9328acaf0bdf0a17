import * as z from 'zod';
import { type AccountId, type AssetCode, accountIdPattern, assetCodePattern } from '../../lib/ledger/index.ts';
import { readAmount } from '../amount.ts';
import { Failure } from '../failure.ts';

/** What the lines of an import may be. Every object is strict: a member that is not known is a fault, never ignored. */

const account = z
  .string()
  .regex(accountIdPattern, 'not an account id')
  .transform((text) => text as AccountId);

const asset = z
  .string()
  .regex(assetCodePattern, 'not an asset code such as USD/2 or GOLD_COINS')
  .transform((text) => text as AssetCode);

const amount = z.union([z.string(), z.int()], {
  error: 'an amount is a string of digits, of digits with a decimal point, or a whole number up to 2^53−1',
});

const texts = z.record(z.string(), z.string());

const key = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'a key has 1 to 255 visible ASCII characters');

const occurredAt = z.iso.datetime({ offset: true, error: 'an RFC 3339 time such as 2026-11-21T10:00:00Z' });

/** Every kind of line may name its own key, and may carry why it was refused the last time. */
const common = { key: key.optional(), refused: z.unknown().optional() };

const details = { description: z.string().optional(), metadata: texts.optional(), occurredAt: occurredAt.optional() };

/** Amounts as the API takes them. The rule is the command line's; its complaint becomes the fault of this member. */
function minorUnits(text: string | number, of: AssetCode, context: z.RefinementCtx): string {
  try {
    return readAmount(String(text), of).toString();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    context.addIssue({ code: 'custom', message: error.message, path: ['amount'] });
    return z.NEVER;
  }
}

const headerLine = z.strictObject({ kind: z.literal('import'), id: z.string().min(1).max(255) });

const assetLine = z.strictObject({ kind: z.literal('asset'), code: asset, name: z.string().optional(), ...common });

/** An object by asset, whose values are read knowing the asset. */
function byAsset<In, Out>(value: z.ZodType<In>, read: (value: In, of: AssetCode, context: z.RefinementCtx) => Out) {
  return z.record(z.string(), value).transform((record, context) =>
    Object.fromEntries(
      Object.entries(record).map(([name, each]) => {
        const of = asset.safeParse(name);
        if (of.success) return [name, read(each, of.data, context)];
        context.addIssue({ code: 'custom', message: 'not an asset code', path: [name] });
        return z.NEVER;
      }),
    ),
  );
}

const windowLimit = z.strictObject({ amount: amount.optional(), count: z.int().optional() });
const debitLimits = z.strictObject({ hour: windowLimit.optional(), day: windowLimit.optional() });

function limitsOf({ hour, day }: z.output<typeof debitLimits>, of: AssetCode, context: z.RefinementCtx) {
  const read = (window: z.output<typeof windowLimit>) => ({
    ...window,
    ...(window.amount !== undefined && { amount: minorUnits(window.amount, of, context) }),
  });
  return { ...(hour && { hour: read(hour) }), ...(day && { day: read(day) }) };
}

const accountLine = z.strictObject({
  kind: z.literal('account'),
  id: account,
  unbounded: z.boolean().optional(),
  shards: z.int().optional(),
  freezes: z.string().optional(),
  floors: byAsset(amount, minorUnits).optional(),
  limits: byAsset(debitLimits, limitsOf).optional(),
  owner: z.string().optional(),
  metadata: texts.optional(),
  ...common,
});

const openingBalanceLine = z
  .strictObject({
    kind: z.literal('openingBalance'),
    account,
    asset,
    amount,
    counterparty: account.optional(),
    ...details,
    ...common,
  })
  .transform((line, context) => ({ ...line, amount: minorUnits(line.amount, line.asset, context) }));

const posting = z
  .strictObject({ source: account, destination: account, asset, amount })
  .transform((line, context) => ({ ...line, amount: minorUnits(line.amount, line.asset, context) }));

const transactionLine = z.strictObject({
  kind: z.literal('transaction'),
  postings: z.array(posting).min(1),
  type: z.string().optional(),
  ...details,
  ...common,
});

export const lineSchema = z.discriminatedUnion('kind', [
  headerLine,
  assetLine,
  accountLine,
  openingBalanceLine,
  transactionLine,
]);

export type ParsedLine = z.output<typeof lineSchema>;
export type LineOf<Kind extends ParsedLine['kind']> = Extract<ParsedLine, { readonly kind: Kind }>;
