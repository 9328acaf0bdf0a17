import { randomBytes } from 'node:crypto';
import {
  type DynamoDBDocumentClient,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import type { Act, ActContext, ActRecorder } from '../../audit/act.ts';
import {
  type Account,
  type AccountId,
  accountChange,
  changeRecord,
  expiryRecordIdOf,
  type Hold,
  type HoldId,
  LedgerError,
  type NewChange,
  type RecordId,
  recordIdOfTransaction,
  type TenantId,
  type TransactionId,
} from '../../ledger/index.ts';
import { attributeChanges } from '../items/attribute-changes.ts';
import type { Cause } from '../items/cause.ts';
import { putChange } from '../items/change-record-item.ts';
import { parseHold } from '../items/hold-item.ts';
import type { AppliedKey, StoredAccount } from '../items/items.ts';
import { accountKey, holdKey, recordKey } from '../items/keys.ts';
import { forgottenHash, rememberKey, wasKeyApplied } from '../items/keys-applied.ts';
import { type KeyRecord, parseRecord } from '../items/record-item.ts';
import { readAccount } from '../readers/account-reader.ts';
import { type Clock, Patience } from '../table/patience.ts';
import type { Reader } from '../table/reader.ts';
import { asUnknown, checkRefusal, insistently, type WriteResult } from '../table/single-write.ts';
import { ChangesRedaction } from './changes-redaction.ts';
import { RedactionWrites } from './redaction-writes.ts';

type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** Attempts against others that change the same thing. */
const maxAttempts = 10;

const saltLength = 16;

const answerLost = 'the answer to a redaction was lost';

export interface RedactionStoreOptions {
  readonly client: DynamoDBDocumentClient;
  /** The Ledger table's name. */
  readonly table: string;
  readonly reader: Reader;
  readonly clock: Clock;
  /** Where it is recorded that somebody removed something, in the same write. */
  readonly acts: ActRecorder;
}

/** Who asks for a redaction, and why. */
export interface RedactionRequest {
  readonly tenant: TenantId;
  readonly by: ActContext;
  /** Kept for good in the audit log, so that it must not repeat what is removed. */
  readonly reason: string;
  readonly cause?: Cause;
  /** Milliseconds that it may take. */
  readonly timeMs: number;
}

/** What is to be written to redact something, or that it was done before. */
type Look<T> = { readonly done: T } | { readonly actions: readonly Action[]; readonly act: Act };

/**
 * Removes what clients wrote about transactions, holds and accounts, for good, and leaves what every hash covers: so books, chains and
 * journal verify as before. Each is one conditional write, together with the change record by which subscribers learn of it and the
 * record of the act; what is redacted already is left as it is. The older changes of an account follow in further writes, which the same
 * request takes up again wherever it was cut off.
 */
export class RedactionStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #reader: Reader;
  readonly #clock: Clock;
  readonly #acts: ActRecorder;
  readonly #changes: ChangesRedaction;

  constructor({ client, table, reader, clock, acts }: RedactionStoreOptions) {
    this.#client = client;
    this.#table = table;
    this.#reader = reader;
    this.#clock = clock;
    this.#acts = acts;
    this.#changes = new ChangesRedaction({ client, table, reader, clock });
  }

  /**
   * Redacts a transaction, with its entries; or a batch, with all its transactions. Its record afterwards; undefined where there is none,
   * `pending` where it waits in a line: what it will be is not written yet.
   *
   * @throws LedgerError `contention`, `unavailable`, `outcome_unknown`
   */
  async transaction(request: RedactionRequest, id: TransactionId): Promise<KeyRecord | 'pending' | undefined> {
    const { tenant } = request;
    return this.#redact(request, async (): Promise<Look<KeyRecord | 'pending' | undefined>> => {
      const row = await this.#reader.get(recordKey(tenant, recordIdOfTransaction(id)));
      const record = row && parseRecord(row);
      if (!record || record.result.kind === 'hold') return { done: undefined };
      const { result } = record;
      if (result.kind === 'pending') return { done: 'pending' };
      const members = result.kind === 'batch' ? result.transactions : [];
      const keys = members.map((member) => recordKey(tenant, recordIdOfTransaction(member)));
      const rows = keys.length > 0 ? await this.#reader.getAll(keys) : [];
      const at = this.#clock.now();
      const writes = new RedactionWrites(this.#table, tenant, at);
      const actions = writes.ofRecord(row, rows);
      if (actions.length === 0) return { done: record };
      const content = { id, redactedAt: timeText(at), ...(members.length > 0 && { transactions: [...members] }) };
      const change = this.#told(request, {
        type: 'transaction.redacted',
        subject: `transaction/${id}`,
        number: 1,
        createdAt: at,
        content,
      });
      return {
        actions: [...actions, change],
        act: actOf(request, 'transaction.redacted', id),
      };
    });
  }

  /**
   * Redacts a hold, open or ended. Its captures are transactions with details of their own. The hold afterwards; undefined where there
   * is none.
   *
   * @throws LedgerError `contention`, `unavailable`, `outcome_unknown`
   */
  async hold(request: RedactionRequest, id: HoldId): Promise<Hold | undefined> {
    const { tenant } = request;
    return this.#redact(request, async (): Promise<Look<Hold | undefined>> => {
      const row = await this.#reader.get(holdKey(tenant, id));
      const hold = row && parseHold(row);
      if (!hold || hold.redacted) return { done: hold };
      const at = this.#clock.now();
      const change = this.#told(request, {
        type: 'hold.redacted',
        subject: `hold/${id}`,
        number: 1,
        createdAt: at,
        content: { id, redactedAt: timeText(at) },
      });
      const writes = new RedactionWrites(this.#table, tenant, at);
      return {
        actions: [...writes.ofHold(hold, endOf(tenant, hold)), change],
        act: actOf(request, 'hold.redacted', id),
      };
    });
  }

  /**
   * Redacts an account: its metadata, its owner where that is asked for, and both in all changes it has had so far. Asked again under the
   * same key it goes on where it was cut off; under another one it redacts what was set since.
   *
   * @throws LedgerError `not_found`, `idempotency_key_reused`, `contention`, `unavailable`, `outcome_unknown`
   */
  async account(
    request: RedactionRequest & { readonly owner: boolean; readonly keyApplied: AppliedKey },
    id: AccountId,
  ): Promise<Account> {
    const { tenant, owner, keyApplied } = request;
    const patience = new Patience(this.#clock, request.timeMs);
    const stored = await this.#redact(request, async (): Promise<Look<StoredAccount>> => {
      const account = await readAccount(this.#reader, tenant, id);
      if (wasKeyApplied(account.keysApplied, keyApplied)) return { done: account };
      const act = actOf(request, 'account.redacted', id, { owner });
      return { actions: this.#ofAccount(request, account), act };
    });
    await this.#changes.redactBefore(tenant, stored, patience).catch((error: unknown) => {
      throw asUnknown(error, answerLost);
    });
    const { keysApplied: _, changes: __, ...account } = stored;
    return account;
  }

  /** Looks and writes until what it looks at is done. */
  async #redact<T>({ timeMs }: RedactionRequest, look: () => Promise<Look<T>>): Promise<T> {
    const patience = new Patience(this.#clock, timeMs);
    let mayBeDone = false;
    try {
      for (let attempt = 1; attempt <= maxAttempts && !patience.isOver; attempt++) {
        const seen = await look();
        if ('done' in seen) return seen.done;
        const { refusal, isInDoubt } = await this.#acts.recorded(seen.act, (record) =>
          this.#write([...seen.actions, record]),
        );
        if (refusal) checkRefusal(refusal, 'a redaction');
        mayBeDone ||= isInDoubt || !refusal;
        // What was changed meanwhile is looked at anew, and so is what was written: the answer is of what is stored.
        if (refusal) await patience.pause(attempt);
      }
    } catch (error) {
      throw mayBeDone ? asUnknown(error, answerLost) : error;
    }
    throw mayBeDone
      ? new LedgerError('outcome_unknown', answerLost)
      : new LedgerError('contention', 'what is to be redacted is being changed by others');
  }

  #write(actions: readonly Action[]): Promise<WriteResult> {
    return insistently(this.#clock, (requestTimeout) =>
      this.#client.send(new TransactWriteCommand({ TransactItems: [...actions] }), { requestTimeout }),
    );
  }

  #told({ tenant, cause }: RedactionRequest, change: NewChange): Action {
    return putChange(this.#table, tenant, changeRecord(tenant, change), cause);
  }

  /** The account without what was written about it, one version on, and the change record that tells of it. */
  #ofAccount(
    {
      tenant,
      owner,
      keyApplied,
      cause,
    }: RedactionRequest & { readonly owner: boolean; readonly keyApplied: AppliedKey },
    before: StoredAccount,
  ): Action[] {
    const at = this.#clock.now();
    const number = before.changes + 1;
    const openFrom = before.redacted?.openFrom;
    const forgotten = before.keysApplied.map(({ mark }) => ({ mark, requestHash: forgottenHash }));
    const { owner: known, ...rest } = before;
    const after: StoredAccount = {
      ...rest,
      ...(known !== undefined && !owner && { owner: known }),
      metadata: {},
      version: before.version + 1,
      keysApplied: rememberKey(forgotten, keyApplied),
      changes: number,
      redacted: { at, change: number, ...(openFrom !== undefined && { openFrom }) },
    };
    const { metadata, version, keysApplied, changes, redacted } = after;
    const parts = attributeChanges({ owner: after.owner, metadata, version, keysApplied, changes, redacted });
    const salt = randomBytes(saltLength).toString('base64url');
    const change = accountChange(tenant, after, { number, createdAt: at, salt, type: 'account.redacted' });
    return [
      {
        Update: {
          TableName: this.#table,
          Key: accountKey(tenant, before.id),
          UpdateExpression: parts.expression,
          ConditionExpression: '#version = :seen',
          ExpressionAttributeNames: parts.names,
          ExpressionAttributeValues: { ...parts.values, ':seen': before.version },
        },
      },
      putChange(this.#table, tenant, change, cause),
    ];
  }
}

/** What the audit log says of it: nothing of what was removed. */
function actOf(
  { tenant, by, reason }: RedactionRequest,
  action: 'transaction.redacted' | 'hold.redacted' | 'account.redacted',
  target: string,
  after?: Act['after'],
): Act {
  return { tenant, action, target, ...by, reason, ...(after && { after }) };
}

/** The record of how a hold ended, which has a copy of its details; a capture that ends it is a transaction and has none. */
function endOf(tenant: TenantId, { id, status, operation }: Hold): RecordId | undefined {
  if (status === 'voided') return operation;
  return status === 'expired' ? (operation ?? expiryRecordIdOf(tenant, id)) : undefined;
}

function timeText(time: number): string {
  return new Date(time).toISOString();
}
