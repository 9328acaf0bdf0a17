import { type DynamoDBDocumentClient, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import {
  type AccountId,
  changeRecordIdOf,
  InvariantViolation,
  LedgerError,
  maxActionsPerWrite,
  subjectOfAccount,
  type TenantId,
} from '../../ledger/index.ts';
import { parseChange } from '../items/change-record-item.ts';
import type { StoredAccount } from '../items/items.ts';
import { accountKey, changeKey, type Key } from '../items/keys.ts';
import type { Clock, Patience } from '../table/patience.ts';
import type { Reader } from '../table/reader.ts';
import { checkRefusal, insistently } from '../table/single-write.ts';
import { RedactionWrites } from './redaction-writes.ts';

/** Change records looked at together: as many as one write can redact. */
const changesPerWrite = maxActionsPerWrite;

export interface ChangesRedactionOptions {
  readonly client: DynamoDBDocumentClient;
  /** The Ledger table's name. */
  readonly table: string;
  readonly reader: Reader;
  readonly clock: Clock;
}

/** Redacts the changes that an account has had, a write's worth at a time, once the account itself is redacted. */
export class ChangesRedaction {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #reader: Reader;
  readonly #clock: Clock;

  constructor({ client, table, reader, clock }: ChangesRedactionOptions) {
    this.#client = client;
    this.#table = table;
    this.#reader = reader;
    this.#clock = clock;
  }

  /**
   * Redacts every change before the account's redaction, and notes on the account how far it has got: so that what is asked for again
   * goes on from there, and a later redaction begins there.
   *
   * @throws LedgerError `outcome_unknown` where time is up; `unavailable`
   */
  async redactBefore(tenant: TenantId, { id, redacted }: StoredAccount, patience: Patience): Promise<void> {
    if (!redacted) throw new InvariantViolation(`account ${id} was redacted and does not say when`);
    const writes = new RedactionWrites(this.#table, tenant, redacted.at);
    for (let first = redacted.openFrom ?? 1; first < redacted.change; ) {
      if (patience.isOver) throw changesLeft();
      const end = Math.min(first + changesPerWrite, redacted.change);
      const keys = Array.from({ length: end - first }, (_, index) =>
        changeKey(tenant, changeRecordIdOf(tenant, subjectOfAccount(id), first + index)),
      );
      await this.#redactAll(keys, writes, patience);
      await this.#noteOpenFrom(tenant, id, end);
      first = end;
    }
  }

  /** Redacts those of some changes that are not yet; one write is made however little time there is, so that every request gets on. */
  async #redactAll(keys: readonly Key[], writes: RedactionWrites, patience: Patience): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const changes = (await this.#reader.getAll(keys)).map((row) => parseChange(row).change);
      const open = changes.filter(({ details }) => details);
      if (open.length === 0) return;
      if (attempt > 1 && patience.isOver) throw changesLeft();
      const TransactItems = open.map((change) => writes.ofChange(change));
      const { refusal } = await insistently(this.#clock, (requestTimeout) =>
        this.#client.send(new TransactWriteCommand({ TransactItems }), { requestTimeout }),
      );
      if (!refusal) return;
      checkRefusal(refusal, 'a redaction');
      await patience.pause(attempt);
    }
  }

  /** Where two are at it, either may be the last to note its place: all changes before both are redacted. */
  async #noteOpenFrom(tenant: TenantId, id: AccountId, first: number): Promise<void> {
    await insistently(this.#clock, (requestTimeout) =>
      this.#client.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: accountKey(tenant, id),
          UpdateExpression: 'SET #redacted.#openFrom = :first',
          ExpressionAttributeNames: { '#redacted': 'redacted', '#openFrom': 'openFrom' },
          ExpressionAttributeValues: { ':first': first },
        }),
        { requestTimeout },
      ),
    );
  }
}

function changesLeft(): LedgerError {
  return new LedgerError('outcome_unknown', 'changes of the account are not redacted yet');
}
