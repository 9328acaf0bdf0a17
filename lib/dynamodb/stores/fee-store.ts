import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { ActContext, ActRecorder } from '../../audit/act.ts';
import { recordingOf, writeRecorded } from '../../audit/recorded-write.ts';
import {
  type AccountId,
  type AssetCode,
  checkFeeRules,
  extendTimeline,
  type FeeRule,
  type FeeSchedule,
  LedgerError,
  maxFeeVersionsAhead,
  minFeeNoticeMs,
  type TenantId,
} from '../../ledger/index.ts';
import { type FeeHead, feeHeadItem, feeVersionItem, parseFeeHead, parseFeeVersion } from '../items/fee-item.ts';
import type { AppliedKey } from '../items/items.ts';
import {
  accountKey,
  assetKey,
  feeHeadKey,
  feeVersionKey,
  feeVersionPrefix,
  ifAbsent,
  tenantPartition,
} from '../items/keys.ts';
import { findApplied } from '../items/keys-applied.ts';
import { type Clock, Patience } from '../table/patience.ts';
import type { Reader } from '../table/reader.ts';
import { checkRefusal, type WriteResult } from '../table/single-write.ts';
import type { Table } from '../table/table.ts';

/** Idempotency keys that the head remembers: enough for a retry after a crash. */
const keysRemembered = 16;

/** Attempts against others who make a version at the same time, and the time they have in milliseconds. */
const maxAttempts = 6;
const createTimeoutMs = 6_000;

export interface CreateFeeSchedule {
  readonly tenant: TenantId;
  readonly rules: readonly FeeRule[];
  /** Milliseconds since 1970; as soon as all instances can know it where it is absent. */
  readonly effectiveAt?: number | undefined;
  readonly keyApplied: AppliedKey;
  /** Who asks for it; a store that records acts must be told. */
  readonly by?: ActContext | undefined;
}

export interface FeeSchedulePage {
  readonly schedules: readonly FeeSchedule[];
  /** The version to continue behind; absent at the end. */
  readonly next?: number;
}

const noVersions: FeeHead = { version: 0, timeline: [], keysApplied: [] };

/** The fee schedules of a tenant: versions that are added and never changed. */
export class FeeStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #reader: Reader;
  readonly #clock: Clock;
  readonly #recorder: ActRecorder | undefined;

  constructor({ name, client, reader, clock }: Table, recorder: ActRecorder | undefined) {
    this.#client = client;
    this.#table = name;
    this.#reader = reader;
    this.#clock = clock;
    this.#recorder = recorder;
  }

  /**
   * Adds a version, once under its idempotency key. The version and the head that commits read are one write, and the
   * head tells which keys made its last versions.
   *
   * @throws LedgerError `invalid_request` for rules that contradict each other or an instant that is too early,
   * `already_exists` for a version that takes effect at that instant or later, or for too many that wait, `account_not_found`, `asset_not_found`, `idempotency_key_reused`, `contention`, `unavailable`, `outcome_unknown`
   */
  async create({ tenant, rules, effectiveAt, keyApplied, by }: CreateFeeSchedule): Promise<FeeSchedule> {
    checkFeeRules(rules);
    const patience = new Patience(this.#clock, createTimeoutMs);
    let isInDoubt = false;
    for (let attempt = 1; attempt <= maxAttempts && !patience.isOver; attempt++) {
      const row = await this.#reader.get(feeHeadKey(tenant));
      const head = row ? parseFeeHead(row) : noVersions;
      const made = await this.#madeBy(tenant, head, keyApplied);
      if (made) return made;
      if (attempt === 1) await this.#requireNamed(tenant, rules);
      const schedule = nextSchedule(head, rules, effectiveAt, this.#clock.now());
      const { refusal, isInDoubt: isDoubtful } = await this.#write(tenant, head, schedule, keyApplied, by);
      if (!refusal) return schedule;
      checkRefusal(refusal, 'a fee schedule');
      // A write that met a version of another, or its own of a try whose answer was lost: the head tells.
      isInDoubt = isDoubtful;
      await patience.pause(attempt);
    }
    const code = isInDoubt ? 'outcome_unknown' : 'contention';
    throw new LedgerError(code, 'others make fee schedules at the same time');
  }

  /** One consistent read. @throws LedgerError `not_found`, `unavailable` */
  async get(tenant: TenantId, version: number): Promise<FeeSchedule> {
    const row = await this.#reader.get(feeVersionKey(tenant, version));
    if (!row) throw new LedgerError('not_found', `there is no version ${version} of the fee schedule`);
    return parseFeeVersion(row);
  }

  /** A page, the newest first. @throws LedgerError `unavailable` */
  async list(tenant: TenantId, limit: number, before?: number): Promise<FeeSchedulePage> {
    if (before === 1) return { schedules: [] };
    const first = feeVersionKey(tenant, 1).SK;
    const last = before === undefined ? `${feeVersionPrefix}~` : feeVersionKey(tenant, before - 1).SK;
    const { rows, lastKey } = await this.#reader.query({
      KeyConditionExpression: 'PK = :pk AND SK BETWEEN :first AND :last',
      ExpressionAttributeValues: { ':pk': tenantPartition(tenant), ':first': first, ':last': last },
      ScanIndexForward: false,
      Limit: limit,
    });
    const schedules = rows.map(parseFeeVersion);
    const oldest = schedules.at(-1);
    return lastKey && oldest && oldest.version > 1 ? { schedules, next: oldest.version } : { schedules };
  }

  /** The version that this key made before, if it did. @throws LedgerError `idempotency_key_reused` */
  async #madeBy(tenant: TenantId, head: FeeHead, keyApplied: AppliedKey): Promise<FeeSchedule | undefined> {
    const applied = findApplied(head.keysApplied, keyApplied);
    if (!applied) return undefined;
    return this.get(tenant, applied.version);
  }

  #write(
    tenant: TenantId,
    head: FeeHead,
    schedule: FeeSchedule,
    keyApplied: AppliedKey,
    by: ActContext | undefined,
  ): Promise<WriteResult> {
    const { version } = schedule;
    const after: FeeHead = {
      version,
      timeline: extendTimeline(head.timeline, schedule, this.#clock.now(), minFeeNoticeMs),
      keysApplied: [...head.keysApplied, { ...keyApplied, version }].slice(-keysRemembered),
    };
    const ifUnchanged =
      head.version === 0
        ? ifAbsent
        : { ConditionExpression: 'version = :seen', ExpressionAttributeValues: { ':seen': head.version } };
    const actions = [
      { Put: { TableName: this.#table, Item: feeHeadItem(tenant, after), ...ifUnchanged } },
      { Put: { TableName: this.#table, Item: feeVersionItem(tenant, schedule), ...ifAbsent } },
    ];
    const effectiveAt = new Date(schedule.effectiveAt).toISOString();
    const recording = recordingOf(this.#recorder, by, {
      tenant,
      action: 'fee_schedule.created',
      target: String(version),
      after: { rules: schedule.rules.length, effectiveAt },
    });
    return writeRecorded({ client: this.#client, clock: this.#clock }, actions, recording);
  }

  /** Looks whether what the rules name exists: accounts and assets are never taken away. */
  async #requireNamed(tenant: TenantId, rules: readonly FeeRule[]): Promise<void> {
    const accounts = new Set<AccountId>(rules.map(({ feeAccount }) => feeAccount));
    const assets = new Set<AssetCode>(rules.map(({ asset }) => asset));
    const keys = [
      ...[...accounts].map((id) => accountKey(tenant, id)),
      ...[...assets].map((code) => assetKey(tenant, code)),
    ];
    if (keys.length === 0) return;
    const found = new Set((await this.#reader.getAll(keys)).map(({ PK, SK }) => `${PK} ${SK}`));
    const isMissing = ({ PK, SK }: { PK: string; SK: string }) => !found.has(`${PK} ${SK}`);
    for (const account of accounts) {
      if (isMissing(accountKey(tenant, account))) {
        throw new LedgerError('account_not_found', `account ${account} does not exist`, { account });
      }
    }
    for (const asset of assets) {
      if (isMissing(assetKey(tenant, asset))) {
        throw new LedgerError('asset_not_found', `asset ${asset} does not exist`, { asset });
      }
    }
  }
}

/** The version behind the head's, in force from the instant asked for or as soon as all can know it. */
function nextSchedule(
  { version, timeline }: FeeHead,
  rules: readonly FeeRule[],
  wanted: number | undefined,
  now: number,
): FeeSchedule {
  const earliest = now + minFeeNoticeMs;
  const effectiveAt = wanted ?? earliest;
  if (effectiveAt < earliest) {
    const notice = minFeeNoticeMs / 1_000;
    throw new LedgerError('invalid_request', `effectiveAt: at least ${notice} seconds after the schedule is made`);
  }
  const latest = timeline.at(-1);
  if (latest && effectiveAt <= latest.effectiveAt) {
    const time = new Date(latest.effectiveAt).toISOString();
    throw new LedgerError(
      'already_exists',
      `version ${latest.version} takes effect at ${time}, and the next can only later`,
      { version: String(latest.version), effectiveAt: time },
    );
  }
  if (timeline.filter((ahead) => ahead.effectiveAt > now).length >= maxFeeVersionsAhead) {
    throw new LedgerError('already_exists', `${maxFeeVersionsAhead} versions wait to take effect, as many as may`);
  }
  return { version: version + 1, effectiveAt, createdAt: now, rules };
}
