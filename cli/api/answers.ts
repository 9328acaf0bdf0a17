import * as z from 'zod';
import { type AccountId, type AssetCode, assetCodePattern } from '../../lib/ledger/index.ts';

/**
 * What the commands read of the API's answers. What is not named here is let through as it came, so that a newer service
 * can say more than an older client knows.
 */

const account = z.string().transform((text) => text as AccountId);
const assetCode = z
  .string()
  .regex(assetCodePattern)
  .transform((text) => text as AssetCode);
const amount = z.string().regex(/^-?[0-9]+$/);
const sequence = z.string().regex(/^[0-9]+$/);

export const assetAnswer = z.looseObject({ code: assetCode, scale: z.int(), name: z.string().optional() });

export const accountAnswer = z.looseObject({
  id: account,
  status: z.string(),
  unbounded: z.boolean(),
  /** Absent where a service is older than shards. */
  shards: z.int().optional(),
  floors: z.record(z.string(), amount),
  owner: z.string().optional(),
  metadata: z.record(z.string(), z.string()),
  createdAt: z.string(),
});

export const balanceAnswer = z.looseObject({
  account,
  asset: assetCode,
  posted: amount,
  held: amount,
  available: amount.nullable(),
  version: z.string(),
  updatedAt: z.string().nullable(),
});

export const balanceAtAnswer = z.looseObject({ account, asset: assetCode, posted: amount, at: z.string(), sequence });

export const entryAnswer = z.looseObject({
  account,
  asset: assetCode,
  /** Said of the further shards of an account that is spread. */
  shard: z.int().optional(),
  sequence,
  amount,
  balanceAfter: amount,
  transactionId: z.string(),
  type: z.string(),
  description: z.string().optional(),
  counterparties: z.array(z.string()),
  createdAt: z.string(),
  hash: z.string(),
  previousHash: z.string(),
  detailsDigest: z.string(),
});

const posting = z.looseObject({ source: account, destination: account, asset: assetCode, amount });

const recordedEntry = z.looseObject({ account, asset: assetCode, amount, balanceAfter: amount, sequence });

/** A transaction, or the preview of one: a preview has no id, status or time. One that waits may say less. */
export const transactionAnswer = z.looseObject({
  id: z.string().optional(),
  status: z.string().optional(),
  type: z.string(),
  reason: z.string().optional(),
  postings: z.array(posting).optional(),
  entries: z.array(recordedEntry).optional(),
  /** Of a batch: the ids of its transactions. */
  transactions: z.array(z.string()).optional(),
  holdId: z.string().optional(),
  reverses: z.string().optional(),
  description: z.string().optional(),
  redacted: z.object({ at: z.string() }).optional(),
  createdAt: z.string().optional(),
});

export const holdAnswer = z.looseObject({
  id: z.string(),
  status: z.string(),
  account,
  asset: assetCode,
  amount,
  remaining: amount,
  captured: amount,
  expiresAt: z.string(),
});

export const clientAnswer = z.looseObject({
  id: z.string(),
  status: z.string(),
  name: z.string(),
  roles: z.array(z.string()),
  scopes: z.array(z.string()),
  subject: z.string().optional(),
  expiresAt: z.string().optional(),
  keys: z.array(
    z.looseObject({
      prefix: z.string(),
      createdAt: z.string(),
      expiresAt: z.string().optional(),
      lastUsedAt: z.string().optional(),
    }),
  ),
  /** Told once, to the request that made it. */
  key: z.string().optional(),
  keyNote: z.string().optional(),
});

export const problemAnswer = z.looseObject({
  code: z.string(),
  title: z.string(),
  detail: z.string(),
  errors: z.array(z.looseObject({ in: z.string(), pointer: z.string(), detail: z.string() })).optional(),
});

export type AssetAnswer = z.output<typeof assetAnswer>;
export type AccountAnswer = z.output<typeof accountAnswer>;
export type BalanceAnswer = z.output<typeof balanceAnswer>;
export type EntryAnswer = z.output<typeof entryAnswer>;
export type TransactionAnswer = z.output<typeof transactionAnswer>;
export type HoldAnswer = z.output<typeof holdAnswer>;
export type ClientAnswer = z.output<typeof clientAnswer>;
export type ProblemAnswer = z.output<typeof problemAnswer>;
