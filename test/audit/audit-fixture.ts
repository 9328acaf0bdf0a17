import { randomUUID } from 'node:crypto';
import { emptyLog } from '../../lib/audit/audit-record.ts';
import { type Act, type AuditLog, AuditReader, type AuditRecord, auditHash } from '../../lib/audit/index.ts';
import { writeRecorded } from '../../lib/audit/recorded-write.ts';
import type { WriteResult } from '../../lib/dynamodb/table/single-write.ts';
import type { TenantId } from '../../lib/ledger/index.ts';
import type { PlatformTable } from '../../lib/platform/platform-table.ts';

export const tenant = 'default' as TenantId;

/** An act of somebody, on a target of its own unless one is given. */
export function act(rest: Partial<Act> = {}): Act {
  return { tenant, action: 'asset.created', target: randomUUID(), actor: { tenant, client: 'auditor' }, ...rest };
}

/** Does an act that makes an item named after its target, if there is none, and records it. */
export function make(platform: PlatformTable, recorder: AuditLog, made: Act): Promise<WriteResult> {
  const item = {
    Put: {
      TableName: platform.name,
      Item: { PK: `MADE#${made.target}`, SK: 'MADE' },
      ConditionExpression: 'attribute_not_exists(PK)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    } as const,
  };
  return writeRecorded(platform, [item], { recorder, act: made });
}

/** The targets of all items that were made. */
export async function targetsMade(platform: PlatformTable, targets: readonly string[]): Promise<string[]> {
  const rows = await platform.reader.getAll(targets.map((target) => ({ PK: `MADE#${target}`, SK: 'MADE' })));
  return rows.map(({ PK }) => String(PK).slice('MADE#'.length));
}

/** All records of a log, oldest first. */
export async function allRecords(platform: PlatformTable, of: TenantId = tenant): Promise<readonly AuditRecord[]> {
  const reader = new AuditReader(platform);
  const records: AuditRecord[] = [];
  let after: number | undefined = 0;
  while (after !== undefined) {
    const page = await reader.oldest(of, after, Number.MAX_SAFE_INTEGER, 500);
    records.push(...page.records);
    after = page.next;
  }
  return records;
}

/** What does not hold of a log: its numbers, its chain, its hashes, its times. */
export function faultsOf(records: readonly AuditRecord[]): string[] {
  const faults: string[] = [];
  let before: Pick<AuditRecord, 'number' | 'hash' | 'at'> = emptyLog;
  for (const record of records) {
    if (record.number !== before.number + 1) faults.push(`${record.number} comes after ${before.number}`);
    if (record.previousHash !== before.hash) faults.push(`${record.number} does not name the hash before`);
    if (record.at < before.at) faults.push(`${record.number} goes back in time`);
    if (auditHash(record.tenant, record) !== record.hash) faults.push(`${record.number} has another hash`);
    before = record;
  }
  return faults;
}
