import * as z from 'zod';
import type { AppliedKey } from '../dynamodb/index.ts';
import { accountId, amount, assetCode, count, parseRow, type Row } from '../dynamodb/items/items.ts';
import { type BalanceMonitor, type MonitorId, monitorStates, thresholdSides } from '../ledger/balance-monitor.ts';
import { type AccountId, base32, digestOf, type TenantId } from '../ledger/index.ts';
import { monitorKey, monitorPrefix } from './keys.ts';

const markCharacters = 26;

const appliedKey = z.object({ mark: z.string(), requestHash: z.string() });

const monitorRow = z.object({
  SK: z.string().transform((text) => text as MonitorId),
  account: accountId,
  asset: assetCode,
  threshold: z.object({ side: z.enum(thresholdSides), amount }),
  description: z.string().optional(),
  state: z.enum(monitorStates),
  crossings: count,
  crossedAt: count.optional(),
  createdAt: count,
  version: count,
  keysApplied: z.array(appliedKey),
});

const deletedRow = z.object({ keyApplied: appliedKey });

/** A monitor as it is stored: with the last idempotency keys applied to it. */
export interface StoredMonitor extends BalanceMonitor {
  readonly keysApplied: readonly AppliedKey[];
}

/** The id follows from the account and the key that makes the monitor, so that a retry meets the same one. */
export function monitorIdOf(tenant: TenantId, account: AccountId, { mark }: AppliedKey): MonitorId {
  const digest = Buffer.from(digestOf(['monitor', tenant, account, mark]), 'hex');
  return `${monitorPrefix}${base32(digest).slice(0, markCharacters)}` as MonitorId;
}

export function monitorItem(tenant: TenantId, { id, ...content }: StoredMonitor): Row {
  return { ...monitorKey(tenant, content.account, id), ...content };
}

/** @throws InvariantViolation for a damaged row */
export function parseMonitor(row: Row): StoredMonitor {
  const { SK: id, ...content } = parseRow(monitorRow, row);
  return { id, ...content } as StoredMonitor;
}

/** The key that deleted a monitor. @throws InvariantViolation for a damaged row */
export function parseDeletion(row: Row): AppliedKey {
  return parseRow(deletedRow, row).keyApplied;
}
