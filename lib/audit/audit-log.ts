import { randomBytes } from 'node:crypto';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { AccountTurns } from '../dynamodb/commit/account-turns.ts';
import type { Row } from '../dynamodb/items/items.ts';
import { ifAbsent } from '../dynamodb/items/keys.ts';
import { Patience } from '../dynamodb/table/patience.ts';
import { asUnknown, insistently, type WriteResult } from '../dynamodb/table/single-write.ts';
import { InvariantViolation, LedgerError, type TenantId } from '../ledger/index.ts';
import { auditKey, auditLogPartition, auditPrefix, numberOfAuditRecord } from '../platform/keys.ts';
import type { PlatformTable } from '../platform/platform-table.ts';
import { type Act, type ActRecorder, isUrgent, type WriteAction } from './act.ts';
import { auditItem, parseAudit, parseMark } from './audit-item.ts';
import { type AuditMark, type AuditTail, emptyLog, isSuchAct, nextRecord } from './audit-record.ts';

/**
 * How long an act is tried against others that are recorded in the same log, its turn included, in milliseconds, and how often: time is over
 * first, so that of many who act at once nobody is refused while there is some left.
 */
const recordTimeoutMs = 6_000;
const maxAttempts = 100;

/** The try after which the pauses of an urgent act grow no more: 40 ms, where others come to 400. So a hundred others do not keep it from the log. */
const urgentPauseAfter = 3;

/** How long one waits within an instance for those before, in milliseconds. */
const turnTimeoutMs = 2_000;

const nonceBytes = 12;

/** Where the record of an act may lie, or still come to lie, since the answer to a write was lost; absent where it cannot. */
interface Doubt {
  number?: number;
}

/** What a refused write says of the record in it. */
type Meeting = 'itself' | 'another record' | 'nothing';

/**
 * The audit logs of all tenants: what was done by whom, append-only. A record is put under the number after the last one, if nothing is
 * there, so the numbers have no gaps and whoever comes second tries again behind the first; it is in the write of the act itself.
 *
 * All tries to record one act carry the same nonce. So an act whose answer was lost is found again wherever it came to lie, and
 * none is recorded twice: not even one that is nothing but its record.
 */
export class AuditLog implements ActRecorder {
  readonly #platform: PlatformTable;
  /** Acts of one tenant would only overtake one another, so within an instance they go one after the other. */
  readonly #turns = new AccountTurns();

  constructor(platform: PlatformTable) {
    this.#platform = platform;
  }

  recorded(act: Act, write: (record: WriteAction) => Promise<WriteResult>): Promise<WriteResult> {
    const { clock } = this.#platform;
    const patience = new Patience(clock, recordTimeoutMs);
    return this.#turns.take(
      [act.tenant],
      turnTimeoutMs,
      (milliseconds) => clock.sleep(milliseconds),
      () => this.#append(act, write, patience),
    );
  }

  /**
   * Records an act that is no write of a table, before it is done.
   *
   * @returns the number of its record
   * @throws LedgerError `contention`, `unavailable`, `outcome_unknown`
   */
  async note(act: Act): Promise<number> {
    const { client, clock } = this.#platform;
    // Where an earlier try has come to lie, no later one was made under another number.
    let number = 0;
    const { refusal } = await this.recorded(act, (record) => {
      number = numberOfAuditRecord(String(record.Put?.Item?.SK));
      return insistently(clock, (requestTimeout) =>
        client.send(new TransactWriteCommand({ TransactItems: [record] }), { requestTimeout }),
      );
    });
    if (refusal) throw new InvariantViolation('a write of one record is refused by that record alone');
    return number;
  }

  /** Whether the record of this number is of such an act: done by the same client for the same subject, with what it became. One consistent read. @throws LedgerError `unavailable` */
  async hasNoted(number: number, act: Act): Promise<boolean> {
    const row = await this.#row(act.tenant, number);
    return row !== undefined && isSuchAct(parseAudit(row), act);
  }

  /** Where a tenant's log stands: one consistent read. @throws LedgerError `unavailable`; InvariantViolation for a damaged row */
  async tail(tenant: TenantId): Promise<AuditTail> {
    const { rows } = await this.#platform.reader.query({
      KeyConditionExpression: 'PK = :pk AND begins_with(SK, :prefix)',
      ExpressionAttributeValues: { ':pk': auditLogPartition(tenant), ':prefix': auditPrefix },
      ScanIndexForward: false,
      Limit: 1,
    });
    return rows[0] ? parseMark(rows[0]) : emptyLog;
  }

  async #append(
    act: Act,
    write: (record: WriteAction) => Promise<WriteResult>,
    patience: Patience,
  ): Promise<WriteResult> {
    const doubt: Doubt = {};
    try {
      return await this.#tryToAppend(act, write, patience, doubt);
    } catch (error) {
      throw doubt.number === undefined ? error : asUnknown(error, 'the answer to a recorded write was lost');
    }
  }

  async #tryToAppend(
    act: Act,
    write: (record: WriteAction) => Promise<WriteResult>,
    patience: Patience,
    doubt: Doubt,
  ): Promise<WriteResult> {
    const { name, clock } = this.#platform;
    const longestPauseAfter = isUrgent(act) ? urgentPauseAfter : maxAttempts;
    const nonce = randomBytes(nonceBytes).toString('base64url');
    for (let attempt = 1; attempt <= maxAttempts && !patience.isOver; attempt++) {
      const tail = await this.tail(act.tenant);
      if (await this.#cameToLie(act.tenant, tail, nonce, doubt)) return { isInDoubt: false };
      const record = nextRecord(tail, act, clock.now(), nonce);
      const { refusal, isInDoubt } = await write({ Put: { TableName: name, Item: auditItem(record), ...ifAbsent } });
      if (!refusal) return { isInDoubt: false };
      const meeting = meetingOf(refusal, nonce);
      // Its very record lies there: an earlier try, whose answer was lost, has made it all.
      if (meeting === 'itself') return { isInDoubt: false };
      // Where another record lies, this one can never come to lie.
      if (meeting === 'another record') delete doubt.number;
      else if (isInDoubt) doubt.number = record.number;
      if (!mayBeTriedAgain(refusal)) return { refusal, isInDoubt: doubt.number !== undefined };
      await patience.pause(Math.min(attempt, longestPauseAfter));
    }
    throw new LedgerError('contention', 'too much is being recorded in the audit log at the same time');
  }

  /** Whether the record that was in doubt has come to lie after all. Where another lies at its place it never will, and is in doubt no more. */
  async #cameToLie(tenant: TenantId, tail: AuditTail, nonce: string, doubt: Doubt): Promise<boolean> {
    const { number } = doubt;
    if (number === undefined || tail.number < number) return false;
    const there = tail.number === number ? tail : await this.#mark(tenant, number);
    if (there?.nonce === nonce) return true;
    delete doubt.number;
    return false;
  }

  async #mark(tenant: TenantId, number: number): Promise<AuditMark | undefined> {
    const row = await this.#row(tenant, number);
    return row && parseMark(row);
  }

  async #row(tenant: TenantId, number: number): Promise<Row | undefined> {
    const { PK, SK } = auditKey(tenant, number);
    const { rows } = await this.#platform.reader.query({
      KeyConditionExpression: 'PK = :pk AND SK = :sk',
      ExpressionAttributeValues: { ':pk': PK, ':sk': SK },
    });
    return rows[0];
  }
}

type Refusal = NonNullable<WriteResult['refusal']>;

/** @throws InvariantViolation where DynamoDB finds the record wrong, which would be so for ever */
function meetingOf(refusal: Refusal, nonce: string): Meeting {
  const last = refusal.kind === 'cancelled' ? refusal.failures.at(-1) : undefined;
  if (last?.kind === 'invalid') throw new InvariantViolation(`DynamoDB refused an audit record: ${last.message}`);
  if (last?.kind !== 'condition') return 'nothing';
  return last.item && parseMark(last.item).nonce === nonce ? 'itself' : 'another record';
}

/** Whether nothing of the act itself was refused: only its place in the log was taken, or others were just writing. */
function mayBeTriedAgain(refusal: Refusal): boolean {
  if (refusal.kind !== 'cancelled') return false;
  return refusal.failures.slice(0, -1).every(({ kind }) => kind !== 'condition' && kind !== 'invalid');
}
