import * as z from 'zod';
import type { DamageKind } from '../../ledger/audit-finding.ts';
import type { AuditedHead } from '../../ledger/balance-audit.ts';
import type { AccountId, TenantId } from '../../ledger/index.ts';
import { amount, count, hash, hashBytes, lastPart, parseRow, type Row, transactionId } from './items.ts';
import { type Key, verifiedKey } from './keys.ts';

/** What the audit of the running ledger keeps: how far it has got, and what it has found. Nothing else writes it or needs it. */
const headFields = z.object({
  sequence: count,
  posted: amount,
  hash,
  at: count,
  transaction: transactionId.nullable(),
  earlierTransaction: transactionId.nullable(),
  isOverdrawn: z.boolean(),
});

const verifiedRow = z.object({ PK: z.string(), heads: z.record(z.string(), headFields) });

/** The last entry verified of each balance of an account, by the balance's name in the account. */
export type VerifiedHeads = ReadonlyMap<string, AuditedHead>;

export function verifiedItem(tenant: TenantId, account: AccountId, heads: VerifiedHeads): Row {
  const rows = [...heads].map(([name, head]) => [name, { ...head, hash: hashBytes(head.hash) }]);
  return { ...verifiedKey(tenant, account), heads: Object.fromEntries(rows) };
}

/** The account a row is about, and its heads. @throws InvariantViolation for a damaged row */
export function parseVerified(row: Row): { account: AccountId; heads: VerifiedHeads } {
  const { PK, heads } = parseRow(verifiedRow, row);
  return { account: lastPart(PK) as AccountId, heads: new Map(Object.entries(heads)) };
}

/**
 * The two walks over the ledger. `recent` follows what is new: every account, each balance from where it was last
 * verified. `rolling` reads every row there is again, however old.
 */
export const walkNames = ['recent', 'rolling'] as const;
export type WalkName = (typeof walkNames)[number];

const walkFields = z.object({
  pass: count,
  startedAt: count,
  behind: count.optional(),
  after: z.record(z.string(), z.string()).optional(),
  /** The balance whose entries the rolling walk was amid, by its place in the keys. */
  within: z.object({ partition: z.string(), name: z.string(), head: headFields }).optional(),
  completed: z.object({ startedAt: count, endedAt: count }).optional(),
});

/** How far a walk has got. */
export interface Walk {
  /** Counts the passes, from 1. */
  readonly pass: number;
  /** When this pass began, in milliseconds since 1970. */
  readonly startedAt: number;
  /** Balances of this pass whose newest entries it did not reach; the next pass goes on with them. */
  readonly behind?: number;
  /** The key to go on behind; absent at the beginning of a pass. */
  readonly after?: Readonly<Record<string, string>>;
  readonly within?: { readonly partition: string; readonly name: string; readonly head: AuditedHead };
  /** The last pass that reached the end, and the end of every balance. */
  readonly completed?: { readonly startedAt: number; readonly endedAt: number };
}

const findingFields = z.object({
  // A later version may know of more kinds than this one, which must still get on.
  kind: z.string().transform((text) => text as DamageKind),
  tenant: z
    .string()
    .transform((text) => text as TenantId)
    .optional(),
  subject: z.string(),
  detail: z.string(),
  walk: z.enum(walkNames),
  pass: count,
  foundAt: count,
});

/** Damage that was found and not seen repaired since. */
export interface OpenFinding {
  readonly kind: DamageKind;
  readonly tenant?: TenantId;
  readonly subject: string;
  readonly detail: string;
  readonly walk: WalkName;
  /** The pass that found it last. */
  readonly pass: number;
  /** When it was found first, in milliseconds since 1970. */
  readonly foundAt: number;
}

const stateRow = z.object({
  version: count,
  ranAt: count,
  walks: z.object({ recent: walkFields, rolling: walkFields }),
  findings: z.array(findingFields),
  moreFindings: count,
});

export interface AuditState {
  /** Counts the runs; each is stored on the condition that no other was meanwhile. */
  readonly version: number;
  /** When the last run ended, in milliseconds since 1970. */
  readonly ranAt: number;
  readonly walks: Readonly<Record<WalkName, Walk>>;
  readonly findings: readonly OpenFinding[];
  /** Findings beyond those that are kept. */
  readonly moreFindings: number;
}

export function auditStateItem(key: Key, { walks, ...state }: AuditState): Row {
  return { ...key, ...state, walks: { recent: walkRow(walks.recent), rolling: walkRow(walks.rolling) } };
}

function walkRow({ within, ...walk }: Walk): Row {
  if (!within) return walk;
  const { head, ...place } = within;
  return { ...walk, within: { ...place, head: { ...head, hash: hashBytes(head.hash) } } };
}

/** @throws InvariantViolation for a damaged row */
export function parseAuditState(row: Row): AuditState {
  return parseRow(stateRow, row) as AuditState;
}
