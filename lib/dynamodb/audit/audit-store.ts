import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { AccountId, TenantId } from '../../ledger/index.ts';
import {
  type AuditState,
  auditStateItem,
  parseAuditState,
  parseVerified,
  type VerifiedHeads,
  verifiedItem,
} from '../items/audit-item.ts';
import { auditStateKey, verifiedKey } from '../items/keys.ts';
import type { Clock } from '../table/patience.ts';
import type { Reader } from '../table/reader.ts';
import { insistently } from '../table/single-write.ts';

/** An account of a tenant. */
export interface AccountPlace {
  readonly tenant: TenantId;
  readonly account: AccountId;
}

/** What the audit of the running ledger keeps between its runs. It writes rows of its own and no others. */
export class AuditStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #reader: Reader;
  readonly #clock: Clock;

  constructor(client: DynamoDBDocumentClient, table: string, reader: Reader, clock: Clock) {
    this.#client = client;
    this.#table = table;
    this.#reader = reader;
    this.#clock = clock;
  }

  /** Undefined before the first run. One consistent read. @throws LedgerError `unavailable` */
  async state(): Promise<AuditState | undefined> {
    const row = await this.#reader.get(auditStateKey);
    return row && parseAuditState(row);
  }

  /**
   * Keeps the state that a run came to, unless another run kept its own since this one began: then false.
   *
   * @throws LedgerError `unavailable`, `outcome_unknown`
   */
  async keep(state: AuditState): Promise<boolean> {
    const { refusal, isInDoubt } = await insistently(this.#clock, (requestTimeout) =>
      this.#client.send(
        new PutCommand({
          TableName: this.#table,
          Item: auditStateItem(auditStateKey, state),
          ConditionExpression: 'attribute_not_exists(PK) OR version < :version',
          ExpressionAttributeValues: { ':version': state.version },
        }),
        { requestTimeout },
      ),
    );
    return refusal === undefined || isInDoubt;
  }

  /** How far the balances of accounts were verified, as far as any were. @throws LedgerError `unavailable` */
  async verified(accounts: readonly AccountPlace[]): Promise<ReadonlyMap<string, VerifiedHeads>> {
    const keys = accounts.map(({ tenant, account }) => verifiedKey(tenant, account));
    const rows = await this.#reader.getAll(keys);
    return new Map(rows.map((row) => [String(row.PK), parseVerified(row).heads]));
  }

  /** Keeps heads that were verified. An older set that comes late does no harm: it only means more to verify. */
  async keepVerified({ tenant, account }: AccountPlace, heads: VerifiedHeads): Promise<void> {
    await insistently(this.#clock, (requestTimeout) =>
      this.#client.send(new PutCommand({ TableName: this.#table, Item: verifiedItem(tenant, account, heads) }), {
        requestTimeout,
      }),
    );
  }
}
