import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { AccountTurns } from '../dynamodb/account-turns.ts';
import { ifAbsent } from '../dynamodb/keys.ts';
import { Patience } from '../dynamodb/patience.ts';
import type { WriteResult } from '../dynamodb/single-write.ts';
import { LedgerError, type TenantId } from '../ledger/index.ts';
import { auditLogPartition, auditPrefix } from '../platform/keys.ts';
import type { PlatformTable } from '../platform/platform-table.ts';
import type { Act, ActRecorder, WriteAction } from './act.ts';
import { auditItem, parseAudit } from './audit-item.ts';
import { type AuditRecord, type AuditTail, emptyLog, nextRecord } from './audit-record.ts';

/** How long an act is tried against others that are recorded in the same log, in milliseconds, and how often. */
const recordTimeoutMs = 6_000;
const maxAttempts = 12;

/** How long one waits within an instance for those before. */
const turnTimeoutMs = 2_000;

const nonceBytes = 12;

/**
 * The audit logs of all tenants: what was done by whom, append-only. A record is put under the number after the last one, if nothing is
 * there, so the numbers have no gaps and whoever comes second tries again behind the first; it is in the write of the act itself.
 */
export class AuditLog implements ActRecorder {
  readonly #platform: PlatformTable;
  /** Acts of one tenant would only overtake one another, so within an instance they go one after the other. */
  readonly #turns = new AccountTurns();

  constructor(platform: PlatformTable) {
    this.#platform = platform;
  }

  recorded(act: Act, write: (record: WriteAction) => Promise<WriteResult>): Promise<WriteResult> {
    return this.#turns.take(
      [act.tenant],
      turnTimeoutMs,
      (milliseconds) => pause(milliseconds),
      () => this.#append(act, write),
    );
  }

  async #append(act: Act, write: (record: WriteAction) => Promise<WriteResult>): Promise<WriteResult> {
    const { name, clock } = this.#platform;
    const patience = new Patience(clock, recordTimeoutMs);
    let wasInDoubt = false;
    for (let attempt = 1; attempt <= maxAttempts && !patience.isOver; attempt++) {
      const tail = await this.tail(act.tenant);
      const record = nextRecord(tail, act, clock.now(), randomBytes(nonceBytes).toString('base64url'));
      const result = await write({ Put: { TableName: name, Item: auditItem(record), ...ifAbsent } });
      const isInDoubt: boolean = wasInDoubt || result.isInDoubt;
      const meeting = meetingOf(result, record);
      // Its very record lies there: an earlier try, whose answer was lost, has made it all.
      if (meeting === 'itself') return { isInDoubt };
      if (meeting !== 'another record') return { ...result, isInDoubt };
      wasInDoubt = isInDoubt;
      await patience.pause(attempt);
    }
    const code = wasInDoubt ? 'outcome_unknown' : 'contention';
    throw new LedgerError(code, 'too much is being recorded in the audit log at the same time');
  }

  /** Where a tenant's log stands: one consistent read. @throws LedgerError `unavailable` */
  async tail(tenant: TenantId): Promise<AuditTail> {
    const { rows } = await this.#platform.reader.query({
      KeyConditionExpression: 'PK = :pk AND begins_with(SK, :prefix)',
      ExpressionAttributeValues: { ':pk': auditLogPartition(tenant), ':prefix': auditPrefix },
      ScanIndexForward: false,
      Limit: 1,
    });
    return rows[0] ? parseAudit(rows[0]) : emptyLog;
  }
}

/** What a write with a record met at the record's place, as far as that is why it had no effect. */
function meetingOf({ refusal }: WriteResult, record: AuditRecord): 'itself' | 'another record' | 'something else' {
  if (refusal?.kind !== 'cancelled') return 'something else';
  const last = refusal.failures.at(-1);
  if (last?.kind !== 'condition') return 'something else';
  if (last.item && parseAudit(last.item).hash === record.hash) return 'itself';
  const others = refusal.failures.slice(0, -1);
  return others.every(({ kind }) => kind === 'none') ? 'another record' : 'something else';
}
