import { TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type ActContext, type ActionName, type ActRecorder, changedFacts } from '../audit/index.ts';
import type { AppliedKey, Row } from '../dynamodb/items/items.ts';
import { rememberKey, wasKeyApplied } from '../dynamodb/items/keys-applied.ts';
import { Patience } from '../dynamodb/table/patience.ts';
import { insistently, type WriteResult } from '../dynamodb/table/single-write.ts';
import { InvariantViolation, LedgerError, type TenantId } from '../ledger/index.ts';
import { parseKeyUse, saysTermsOf } from './api-key-item.ts';
import type { ApiClient } from './client.ts';
import { factsOf } from './client-changes.ts';
import type { ClientId } from './client-id.ts';
import { clientOf, parseClient, type StoredClient } from './client-item.ts';
import { maxClients } from './client-limits.ts';
import { type Actions, changeActions, creationActions, isReservedAt, lostKeys, reserving } from './client-write.ts';
import { apiKeyKey, apiKeyUseKey, clientKey, clientPartition, sha256OfApiKey } from './keys.ts';
import type { PlatformTable } from './platform-table.ts';

/** Attempts against others who change the client at the same time, and the time they have in milliseconds. */
const maxAttempts = 6;
const changeTimeoutMs = 6_000;

/** Clients that one call looks at to count those that are not revoked, and calls: what was revoked stays, and must not make it take for ever. */
const countedPerCall = 500;
const maxCountingCalls = 10;

/** How long the answer to a change may wait for when keys were used last, in milliseconds. */
const showingTimeoutMs = 500;

/** Under which idempotency key something is done, and by whom. */
export interface ClientDeed {
  readonly keyApplied: AppliedKey;
  readonly by: ActContext;
  readonly reason?: string | undefined;
}

/**
 * The API clients of all tenants, with their keys. What a client may do lies with each of its keys, too, since the access check reads nothing
 * else: both are changed in one write, together with the record of it in the audit log.
 */
export class ClientStore {
  readonly #platform: PlatformTable;
  readonly #recorder: ActRecorder;

  constructor(platform: PlatformTable, recorder: ActRecorder) {
    this.#platform = platform;
    this.#recorder = recorder;
  }

  /** One consistent read. @throws LedgerError `not_found`, `unavailable` */
  async get(tenant: TenantId, id: ClientId): Promise<ApiClient> {
    const stored = await this.#stored(tenant, id);
    if (!stored) throw notFound(id);
    return clientOf(stored);
  }

  /** Clients of a tenant in the order of their ids, from behind one on; consistent. @throws LedgerError `unavailable` */
  async page(
    tenant: TenantId,
    { limit, after = '' }: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<{ readonly clients: readonly ApiClient[]; readonly next?: ClientId | undefined }> {
    const { rows } = await this.#platform.reader.query({
      // Nothing is named by the empty text, which DynamoDB takes for no key.
      KeyConditionExpression: after === '' ? 'PK = :pk' : 'PK = :pk AND SK > :after',
      ExpressionAttributeValues: { ':pk': clientPartition(tenant), ...(after !== '' && { ':after': after }) },
      Limit: limit + 1,
    });
    const clients = rows.slice(0, limit).map((row) => clientOf(parseClient(row)));
    return { clients, ...(rows.length > limit && { next: clients.at(-1)?.id }) };
  }

  /** When keys of clients were used last, to the hour, by their digests; those that never were are missing. @throws LedgerError `unavailable` */
  async lastUses(clients: readonly ApiClient[]): Promise<ReadonlyMap<string, number>> {
    const keys = clients.flatMap((client) => client.keys.map(({ sha256 }) => apiKeyUseKey(sha256)));
    const uses = (await this.#platform.reader.getAll(keys)).flatMap((row) => parseKeyUse(row) ?? []);
    return new Map(uses.map(({ sha256, lastUsedAt }) => [sha256, lastUsedAt]));
  }

  /**
   * The same for the answer to a change that is made already. It is for people, so it must not keep that answer back, or the new key that is told in it:
   * what cannot be read in half a second is missing, too.
   */
  lastUsesToShow(client: ApiClient): Promise<ReadonlyMap<string, number>> {
    const unknown = new Map<string, number>();
    const uses = this.lastUses([client]).catch((error: unknown) => {
      if (error instanceof LedgerError && error.code === 'unavailable') return unknown;
      throw error;
    });
    return Promise.race([uses, this.#platform.clock.sleep(showingTimeoutMs).then(() => unknown)]);
  }

  /**
   * Makes a client with its first key, once under its idempotency key: if that has made it before, that one is answered.
   *
   * @throws LedgerError `already_exists` where the tenant has as many as it may, `idempotency_key_reused`, `contention`, `unavailable`, `outcome_unknown`
   */
  create(client: ApiClient, { keyApplied, by, reason }: ClientDeed): Promise<ApiClient> {
    const { tenant, id } = client;
    return this.#persist(id, async () => {
      const made = await this.#stored(tenant, id);
      // Its id follows from the key: there can be only what this key made.
      if (made && wasKeyApplied(made.keysApplied, keyApplied)) return { client: made };
      if (!(await this.#hasRoom(tenant))) {
        throw new LedgerError('already_exists', `the tenant has ${maxClients} API clients, as many as it may`);
      }
      const stored = { ...client, keysApplied: [keyApplied] };
      const act = { tenant, action: 'client.created', target: id, ...by, reason, after: factsOf(client) } as const;
      const result = await this.#recorder.recorded(act, (record) =>
        this.#write([...creationActions(this.#platform.name, stored), record]),
      );
      return outcomeOf(result, stored);
    });
  }

  /**
   * Changes a client, once under the idempotency key; what it then is. A change that the key has made before is not made again, and one that
   * changes nothing is not made at all, unless a key may do other than its client: then it brings them together. `change` may be asked more
   * than once, of what others made of the client.
   *
   * A revocation reserves the client first, so that no other change overtakes it. Should it come no further, others can go on in ten seconds.
   *
   * A key whose row somebody took away past the service is of no use to anybody and comes back by no change: it is no key of the client any
   * more, and stands in the way of nothing, least of all of revoking the others.
   *
   * @throws LedgerError `not_found`, `idempotency_key_reused`, `contention`, `unavailable`, `outcome_unknown`, and whatever `change` throws
   */
  change(
    { tenant, id }: Pick<ApiClient, 'tenant' | 'id'>,
    action: ActionName,
    { keyApplied, by, reason }: ClientDeed,
    change: (client: ApiClient) => ApiClient,
  ): Promise<ApiClient> {
    const lost = new Set<string>();
    const isRevocation = action === 'client.revoked';
    return this.#persist(id, async () => {
      const stored = await this.#stored(tenant, id);
      if (!stored) throw notFound(id);
      if (wasKeyApplied(stored.keysApplied, keyApplied)) return { client: stored };
      const before = clientOf(stored);
      const wanted = change(before);
      const after = { ...wanted, keys: wanted.keys.filter(({ sha256 }) => !lost.has(sha256)) };
      const facts = changedFacts(factsOf(before), factsOf(after));
      if (!facts && (await this.#keysAgree(before))) return { client: stored };
      const now = this.#platform.clock.now();
      if (isRevocation !== isReservedAt(stored, now)) {
        // Either it is reserved now and looked at once more, since others may have changed it until then; or who revokes it goes first.
        if (isRevocation) await this.#reserve(stored, now);
        return { isInDoubt: false };
      }
      const changed: StoredClient = {
        ...after,
        version: stored.version + 1,
        keysApplied: rememberKey(stored.keysApplied, keyApplied),
      };
      const act = { tenant, action, target: id, ...by, reason, ...facts };
      const actions = changeActions(this.#platform.name, stored, changed, isRevocation ? 'its own' : now);
      const result = await this.#recorder.recorded(act, (record) => this.#write([...actions, record]));
      for (const { sha256 } of lostKeys(result, stored, changed)) lost.add(sha256);
      return outcomeOf(result, changed);
    });
  }

  async #stored(tenant: TenantId, id: ClientId): Promise<StoredClient | undefined> {
    const row = await this.#platform.reader.get(clientKey(tenant, id));
    return row && parseClient(row);
  }

  /**
   * Whether each key may do just what its client may. They are written together, so only what comes from elsewhere can part them, such as
   * replication between Regions, which keeps the later of two rows and knows of no transaction.
   */
  async #keysAgree(client: ApiClient): Promise<boolean> {
    const { keys } = client;
    const rows = await this.#platform.reader.getAll(keys.map(({ sha256 }) => apiKeyKey(sha256)));
    const rowOf = new Map(rows.map((row) => [sha256OfApiKey(String(row.PK)), row]));
    return keys.every((key) => {
      const row = rowOf.get(key.sha256);
      return row !== undefined && saysTermsOf(row, client, key);
    });
  }

  /** Whether a tenant may have another client, as far as the first five thousand of its clients tell, revoked ones included. */
  async #hasRoom(tenant: TenantId): Promise<boolean> {
    let living = 0;
    let start: Row | undefined;
    for (let call = 1; call <= maxCountingCalls; call++) {
      const { rows, lastKey } = await this.#platform.reader.query({
        KeyConditionExpression: 'PK = :pk',
        FilterExpression: 'attribute_not_exists(revokedAt)',
        ProjectionExpression: 'SK',
        ExpressionAttributeValues: { ':pk': clientPartition(tenant) },
        Limit: countedPerCall,
        ...(start && { ExclusiveStartKey: start }),
      });
      living += rows.length;
      if (living >= maxClients) return false;
      if (!lastKey) return true;
      start = lastKey;
    }
    return true;
  }

  /** Whoever is refused here finds out why when he looks again. */
  async #reserve(client: ApiClient, now: number): Promise<void> {
    const { clock, client: dynamodb, name } = this.#platform;
    await insistently(clock, (requestTimeout) =>
      dynamodb.send(new UpdateCommand(reserving(name, client, now)), { requestTimeout }),
    );
  }

  #write(actions: Actions): Promise<WriteResult> {
    const { clock, client } = this.#platform;
    return insistently(clock, (requestTimeout) =>
      client.send(new TransactWriteCommand({ TransactItems: actions }), { requestTimeout }),
    );
  }

  /** Tries until somebody has made what is wanted, or time is over. */
  async #persist(id: ClientId, attempt: () => Promise<Outcome>): Promise<ApiClient> {
    const patience = new Patience(this.#platform.clock, changeTimeoutMs);
    let isInDoubt = false;
    for (let count = 1; count <= maxAttempts && !patience.isOver; count++) {
      const outcome = await attempt();
      if (outcome.client) return clientOf(outcome.client);
      isInDoubt ||= outcome.isInDoubt;
      await patience.pause(count);
    }
    const code = isInDoubt ? 'outcome_unknown' : 'contention';
    throw new LedgerError(code, `API client ${id} is being changed by others`);
  }
}

type Outcome = { readonly client: StoredClient } | { readonly client?: undefined; readonly isInDoubt: boolean };

/** @throws InvariantViolation where the write can never pass */
function outcomeOf({ refusal, isInDoubt }: WriteResult, written: StoredClient): Outcome {
  if (!refusal) return { client: written };
  if (refusal.kind !== 'cancelled') throw new InvariantViolation('a write of several items gives its reasons');
  const invalid = refusal.failures.find(({ kind }) => kind === 'invalid');
  if (invalid) throw new InvariantViolation(`DynamoDB refused an API client: ${invalid.message}`);
  return { isInDoubt };
}

function notFound(id: ClientId): LedgerError {
  return new LedgerError('not_found', `there is no API client ${id}`);
}
