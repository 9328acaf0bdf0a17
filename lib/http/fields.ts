import * as z from 'zod';
import {
  type AccountId,
  type AssetCode,
  accountIdPattern,
  accountStatuses,
  amountPattern,
  assetCodePattern,
  type DebitLimits,
  freezeKinds,
  type HoldId,
  holdIdPattern,
  holdStatuses,
  maxAccountIdLength,
  maxAmountDigits,
  maxBalanceDigits,
  maxMetadataBytes,
  maxMetadataEntries,
  maxMetadataNameLength,
  maxShards,
  rejectionReasons,
  type TransactionId,
  transactionIdPattern,
} from '../ledger/index.ts';

/**
 * The fields of the API, each defined once and shared by requests and answers. Those that clients send have messages
 * that say what is wanted. */

/** Gives a checked text the core's type for it. The check is the core's own pattern, so the cast adds no trust. */
export function checkedAs<T extends string>(schema: z.ZodType<string, string>): z.ZodType<T, string> {
  return schema as z.ZodType<T, string>;
}

const nonEmpty = 1;

export const accountId = checkedAs<AccountId>(
  z
    .string()
    .max(maxAccountIdLength, `at most ${maxAccountIdLength} characters`)
    .regex(accountIdPattern, 'an account id: letters, digits, "_" and "-" in parts joined by ":"')
    .meta({ id: 'AccountId', description: 'The name of an account, chosen by the client.', example: 'user_001' }),
);

export const assetCode = checkedAs<AssetCode>(
  z.string().regex(assetCodePattern, 'an asset code such as USD/2 or GOLD_COINS').meta({
    id: 'AssetCode',
    description: 'The code of an asset with its scale: `USD/2` counts cents, `GOLD_COINS` has no decimals.',
    example: 'USD/2',
  }),
);

/** In a URL a slash may be written as a dot, since some clients and proxies mangle `%2F`. */
export const assetInUrl = z
  .string()
  .transform((text) => text.replace('.', '/'))
  .pipe(z.string().regex(assetCodePattern, 'an asset code such as USD.2, USD%2F2 or GOLD_COINS'))
  .transform((text) => text as AssetCode)
  .meta({
    description: 'The code of an asset, its slash written as `.` or `%2F`: `USD.2`, `USD%2F2`, `GOLD_COINS`.',
    example: 'USD.2',
  });

export const transactionId = checkedAs<TransactionId>(
  z.string().regex(transactionIdPattern, 'a transaction id as it was answered').meta({
    id: 'TransactionId',
    description:
      'Follows from the tenant and the idempotency key alone; that of an owner’s request from his subject, too.',
    example: 'tx_i3y5g2fjk7w3cdlqv4xw7hh7p3rbzq6n2om5tqsdy4ae6kx3rjza',
  }),
);

export const holdId = checkedAs<HoldId>(
  z.string().regex(holdIdPattern, 'a hold id as it was answered').meta({
    id: 'HoldId',
    description:
      'Follows from the tenant and the idempotency key alone; that of an owner’s request from his subject, too.',
    example: 'hold_i3y5g2fjk7w3cdlqv4xw7hh7p3rbzq6n2om5tqsdy4ae6kx3rjza',
  }),
);

export const holdStatus = z.enum(holdStatuses).meta({
  id: 'HoldStatus',
  description: '`open` until it was captured to the end, voided, or its time was over (`expired`).',
});

// Each part says the whole: of a text that breaks a rule of texts, a union tells that rule's own message.
const amountFault = `a string of at most ${maxAmountDigits} digits, or an integer up to 2^53−1`;
const digitsOrInteger = z.union([z.string().regex(amountPattern, amountFault), z.int(amountFault)], {
  error: amountFault,
});

export const signedAmount = digitsOrInteger
  .transform((value) => BigInt(value))
  .meta({
    id: 'SignedAmount',
    description: `An amount in minor units, possibly negative: a string of at most ${maxAmountDigits} digits, or an integer up to 2^53−1.`,
    example: '-50000',
  });

const positiveFault = `more than zero: ${amountFault}`;

export const positiveAmount = z
  .union(
    [
      z
        .string()
        .max(maxAmountDigits, positiveFault)
        .regex(/^0*[1-9][0-9]*$/, positiveFault),
      z.int(positiveFault).min(1, positiveFault),
    ],
    { error: positiveFault },
  )
  .transform((value) => BigInt(value))
  .meta({
    id: 'PositiveAmount',
    description: `An amount in minor units (cents for \`USD/2\`), more than zero: a string of at most ${maxAmountDigits} digits, or an integer up to 2^53−1.`,
    example: '1050',
  });

/** How amounts are answered: always a string, so that no client loses digits. */
export const amountText = z
  .string()
  .regex(new RegExp(`^-?[0-9]{1,${maxBalanceDigits}}$`))
  .meta({ id: 'Amount', description: 'Minor units, as a string of digits.', example: '1050' });

export const sequenceText = z
  .string()
  .regex(/^[0-9]+$/)
  .meta({ description: 'Counts the entries of one balance: 1, 2, 3 … without gaps.', example: '2' });

export const versionText = z
  .string()
  .regex(/^[0-9]+$/)
  .meta({ description: 'Counts the changes; also the `ETag`.', example: '7' });

export const instantText = z.iso
  .datetime({ precision: 3 })
  .meta({ description: 'RFC 3339, UTC, milliseconds.', example: '2026-11-21T10:00:00.000Z' });

/** Reads an RFC 3339 time with any offset, as milliseconds since 1970. Digits beyond milliseconds are cut off. */
export const instant = z.iso
  .datetime({
    offset: true,
    error: 'an RFC 3339 time such as 2026-11-21T10:00:00.000Z (a "+" is written %2B in a URL)',
  })
  .transform((text, context) => {
    const time = Date.parse(text);
    if (time >= 0) return time;
    context.addIssue({ code: 'custom', message: 'a time since 1970' });
    return z.NEVER;
  })
  .meta({ id: 'Instant', description: 'An RFC 3339 time with any offset.', example: '2026-11-21T10:00:00.000Z' });

export const accountStatus = z.enum(accountStatuses).meta({
  id: 'AccountStatus',
  description:
    '`active`: takes debits and credits. `frozen`: takes no debits, and `freezes` says whether credits. `closed`: takes neither, for ever.',
});

export const freezeKind = z.enum(freezeKinds).meta({
  id: 'FreezeKind',
  description: 'What freezing the account stops: `debits`, the default, or `all`, credits too.',
});

export const rejectionReason = z.enum(rejectionReasons).meta({
  id: 'RejectionReason',
  description: 'Why it was declined; or, of one that waited in a line, what would have refused it when its turn came.',
});

/** A text of at most so many bytes of UTF-8, since what is limited is what is stored. */
export function boundedText(bytes: number) {
  return z
    .string()
    .max(bytes, `at most ${bytes} bytes`)
    .refine((text) => Buffer.byteLength(text) <= bytes, `at most ${bytes} bytes`);
}

const metadataName = z
  .string()
  .min(nonEmpty, 'a name of at least one character')
  .max(maxMetadataNameLength, `a name of at most ${maxMetadataNameLength} characters`);

function fitsMetadata(metadata: Readonly<Record<string, string | null>>): boolean {
  return Buffer.byteLength(JSON.stringify(metadata)) <= maxMetadataBytes;
}

const metadataLimits = `At most ${maxMetadataEntries} entries and ${maxMetadataBytes} bytes.`;
const tooManyEntries = `at most ${maxMetadataEntries} entries`;
const tooManyBytes = `at most ${maxMetadataBytes} bytes as JSON`;

export const metadata = z
  .record(metadataName, z.string())
  .refine((entries) => Object.keys(entries).length <= maxMetadataEntries, tooManyEntries)
  .refine(fitsMetadata, tooManyBytes)
  .meta({
    id: 'Metadata',
    description: `Strings of the client's own by name. ${metadataLimits}`,
    example: { order: '7' },
  });

export const metadataChange = z
  .record(metadataName, z.string().nullable())
  .refine((entries) => Object.keys(entries).length <= maxMetadataEntries, tooManyEntries)
  .refine(fitsMetadata, tooManyBytes)
  .meta({
    id: 'MetadataChange',
    description: `Merged into the metadata there is; null takes a name away. ${metadataLimits}`,
    example: { tier: 'gold', trial: null },
  });

export const shards = z
  .int(`a number from 2 to ${maxShards}`)
  .min(2, `a number from 2 to ${maxShards}`)
  .max(maxShards, `a number from 2 to ${maxShards}`)
  .meta({
    description: `Spreads an unbounded account that takes very many postings over so many balances of each asset: 2 to ${maxShards}. The number can be raised later, and never lowered.`,
    example: 16,
  });

/** Which shard of an account an entry stands on: said only where it is not 0. */
export const shardNumber = z
  .int()
  .min(1)
  .max(maxShards - 1)
  .meta({
    description:
      'The shard it stands on, with a sequence of its own; 0, as on an account that is not spread, where absent.',
    example: 3,
  });

const floor = signedAmount.refine((amount) => amount <= 0n, 'zero, or negative for a credit limit');

const floorsDescription =
  'By asset, the lowest `posted − held` allowed: 0 where none is named, negative for a credit limit.';

/** Reads an object by asset as a map. The names are checked here, since a record's key schema would show in no pointer. */
function byAsset<Value>(entries: Readonly<Record<string, Value>>, context: z.RefinementCtx): Map<AssetCode, Value> {
  const map = new Map<AssetCode, Value>();
  for (const [name, value] of Object.entries(entries)) {
    const asset = assetCode.safeParse(name);
    if (asset.success) map.set(asset.data, value);
    else context.addIssue({ code: 'custom', message: 'not an asset code such as USD/2 or GOLD_COINS', path: [name] });
  }
  return map;
}

export const floors = z
  .record(z.string(), floor)
  .transform(byAsset)
  .meta({ id: 'Floors', description: floorsDescription, example: { 'USD/2': '-50000' } });

export const floorsChange = z
  .record(z.string(), floor.nullable())
  .transform(byAsset)
  .meta({
    id: 'FloorsChange',
    description: `${floorsDescription} Merged into those there are; null goes back to 0.`,
    example: { 'USD/2': '-50000', GOLD_COINS: null },
  });

/** Debits in a window: far more than one balance can take. */
const maxDebitCount = 1_000_000_000;

const windowLimit = z
  .strictObject({
    amount: positiveAmount.optional().meta({ description: 'The sum of the debits, in minor units.' }),
    count: z
      .int()
      .min(1, 'at least 1')
      .max(maxDebitCount, `at most ${maxDebitCount}`)
      .optional()
      .meta({ description: 'How many debits.', example: 20 }),
  })
  .refine(({ amount, count }) => amount !== undefined || count !== undefined, 'an amount, a count, or both')
  .meta({ id: 'WindowLimit' });

const debitLimits = z
  .strictObject({ hour: windowLimit.optional(), day: windowLimit.optional() })
  .refine(({ hour, day }) => hour !== undefined || day !== undefined, 'an hour, a day, or both')
  .transform((limits) => limits as DebitLimits);

const limitsDescription =
  'By asset, what may be debited within one hour and one day of UTC. A debit beyond it is declined with `limit_exceeded`.';

export const limits = z
  .record(z.string(), debitLimits)
  .transform(byAsset)
  .meta({ id: 'DebitLimits', description: limitsDescription, example: { 'USD/2': { day: { amount: '100000' } } } });

export const limitsChange = z
  .record(z.string(), debitLimits.nullable())
  .transform(byAsset)
  .meta({
    id: 'DebitLimitsChange',
    description: `${limitsDescription} An asset that is named gets all its limits anew; null takes them away.`,
    example: { 'USD/2': { hour: { count: 20 }, day: { amount: '100000' } }, GOLD_COINS: null },
  });

/** The kind of a transaction, where clients name it. */
export const transactionType = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,31}$/, 'lower-case letters, digits and underscores, at most 32')
  .meta({
    description: 'What kind of transaction this is, in your own words. `transaction` by default.',
    example: 'payroll',
  });

/** Lists are read in pages. */
export const nextCursor = z
  .string()
  .optional()
  .meta({ description: 'Where the next page begins; absent on the last.' });

/** There where what a client wrote was removed. */
export const redactedMark = z
  .strictObject({ at: instantText })
  .optional()
  .meta({ description: 'When description and metadata were removed for good. Absent where they were not.' });
