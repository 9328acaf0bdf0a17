import type { MonitorId } from '../ledger/balance-monitor.ts';
import type { AccountId, TenantId } from '../ledger/index.ts';
import type { ClientId } from './client-id.ts';
import type { DeadLetterId } from './dead-letter-id.ts';
import { type DeliveryId, sequenceOfDelivery, sequenceText, type WebhookId } from './webhook-id.ts';

/**
 * Every key of the Platform table: what is around the ledger and moves no money.
 *
 * | item | PK | SK | read by |
 * |------|----|----|---------|
 * | dead letter | `T#<tenant>#DL`; where no tenant is known `-#DL` | `dl_<ms, 13 digits><mark>` | get; query the partition, by time |
 * | webhook endpoint | `T#<tenant>#W` | `wh_<mark>` | get; query the partition: the tenant's endpoints |
 * | delivery | `T#<tenant>#W#<webhook id>` | `D#<event sequence, 12 digits>#<delivery id>` | get; query the prefix: an endpoint's deliveries, by event |
 * | publication cursor | `T#<tenant>#CURSOR` | `<consumer>` | get: how far a consumer has got in the journal |
 * | balance monitor | `T#<tenant>#M#<account>` | `mon_<mark>` | get; query the prefix `mon_`: an account's monitors |
 * | deleted monitor | `T#<tenant>#M#<account>` | `DELETED#<monitor id>` | get: which key deleted it |
 * | API client | `T#<tenant>#K` | `cli_<mark>` | get; query the partition: the tenant's clients |
 * | API key | `KEY#<SHA-256 of the key>` | `KEY` | query the partition: whose key it is and what it may do |
 * | use of an API key | `KEY#<SHA-256 of the key>` | `USE` | the same query: when it was used last |
 * | allowance | `RATE#<tenant>#<client>` | `<requests a second>/<burst>` | updated: what a client may still ask for by a policy |
 * | audit record | `T#<tenant>#AUDIT` | `R#<number, 12 digits>` | query a range, or the last: the tenant's audit log |
 * | failure note | `-#N#<message id>` | `NOTE` | get: what a message failed with before it went to the dead letters |
 */
export interface PlatformKey extends Record<string, string> {
  readonly PK: string;
  readonly SK: string;
}

/** What is of one tenant begins with this. */
export function tenantPrefix(tenant: TenantId): string {
  return `T#${tenant}`;
}

// --- dead letters ----------------------------------------------------------------------------------------------------

/** Stands for the tenant where none is known; no tenant's prefix begins so. */
const ofNobody = '-';
const deadLetters = '#DL';

/** Where the dead letters of a tenant lie, or those that do not say whose they are. */
export function deadLetterPartition(tenant: TenantId | undefined): string {
  return `${tenant === undefined ? ofNobody : tenantPrefix(tenant)}${deadLetters}`;
}

export function deadLetterKey(tenant: TenantId | undefined, id: DeadLetterId): PlatformKey {
  return { PK: deadLetterPartition(tenant), SK: id };
}

/** Reads the tenant back from the partition of a dead letter. */
export function tenantOfDeadLetters(partition: string): TenantId | undefined {
  return partition.startsWith('T#') ? (partition.slice(2, -deadLetters.length) as TenantId) : undefined;
}

/** What went wrong with a message. SQS's ids of messages are unique, whatever the queue. */
export function failureNoteKey(messageId: string): PlatformKey {
  return { PK: `${ofNobody}#N#${messageId}`, SK: 'NOTE' };
}

// --- webhooks --------------------------------------------------------------------------------------------------------

const webhooks = '#W';

/** Comes before the sequence in the sort key of a delivery. */
export const deliveryPrefix = 'D#';

/** Where a tenant's endpoints lie. */
export function webhookPartition(tenant: TenantId): string {
  return `${tenantPrefix(tenant)}${webhooks}`;
}

export function webhookKey(tenant: TenantId, id: WebhookId): PlatformKey {
  return { PK: webhookPartition(tenant), SK: id };
}

/** Reads the tenant back from the partition of an endpoint or of its deliveries. */
export function tenantOfWebhooks(partition: string): TenantId {
  return partition.split('#')[1] as TenantId;
}

/** Where the deliveries to an endpoint lie. */
export function deliveryPartition(tenant: TenantId, webhook: WebhookId): string {
  return `${webhookPartition(tenant)}#${webhook}`;
}

export function deliveryKey(tenant: TenantId, webhook: WebhookId, id: DeliveryId): PlatformKey {
  const sequence = sequenceText(sequenceOfDelivery(id));
  return { PK: deliveryPartition(tenant, webhook), SK: `${deliveryPrefix}${sequence}#${id}` };
}

/** Reads the id back from the sort key of a delivery. */
export function idOfDelivery(sortKey: string): DeliveryId {
  return sortKey.slice(sortKey.lastIndexOf('#') + 1) as DeliveryId;
}

// --- cursors ---------------------------------------------------------------------------------------------------------

/** How far a consumer has got in a tenant's journal. */
export function cursorKey(tenant: TenantId, consumer: string): PlatformKey {
  return { PK: `${tenantPrefix(tenant)}#CURSOR`, SK: consumer };
}

// --- balance monitors ------------------------------------------------------------------------------------------------

/** What every id of a monitor begins with, and no other sort key of its partition. */
export const monitorPrefix = 'mon_';

export function monitorPartition(tenant: TenantId, account: AccountId): string {
  return `${tenantPrefix(tenant)}#M#${account}`;
}

export function monitorKey(tenant: TenantId, account: AccountId, id: MonitorId): PlatformKey {
  return { PK: monitorPartition(tenant, account), SK: id };
}

export function deletedMonitorKey(tenant: TenantId, account: AccountId, id: MonitorId): PlatformKey {
  return { PK: monitorPartition(tenant, account), SK: `DELETED#${id}` };
}

// --- access ----------------------------------------------------------------------------------------------------------

/** What the partition of every API key, and of every client's allowance, begins with: the access check may come near these and no others. */
export const apiKeyPrefix = 'KEY#';
export const allowancePrefix = 'RATE#';

/** Where a tenant's API clients lie. */
export function clientPartition(tenant: TenantId): string {
  return `${tenantPrefix(tenant)}#K`;
}

export function clientKey(tenant: TenantId, id: ClientId): PlatformKey {
  return { PK: clientPartition(tenant), SK: id };
}

/** Reads the tenant back from the partition of API clients. */
export function tenantOfClients(partition: string): TenantId {
  return partition.split('#')[1] as TenantId;
}

/** A key is found by its SHA-256 alone, as 64 lower-case hexadecimal digits: it is itself what tells the tenant. */
export function apiKeyKey(sha256: string): PlatformKey {
  return { PK: apiKeyPartition(sha256), SK: 'KEY' };
}

/**
 * When a key was used last is no part of the key: between Regions the later of two rows wins whole, so a Region that has not yet heard of a
 * revocation would take it back by noting a use.
 */
export function apiKeyUseKey(sha256: string): PlatformKey {
  return { PK: apiKeyPartition(sha256), SK: 'USE' };
}

/** Where a key and its use lie, read by one query. */
export function apiKeyPartition(sha256: string): string {
  return `${apiKeyPrefix}${sha256}`;
}

/** Reads the SHA-256 back from the partition of an API key. */
export function sha256OfApiKey(partition: string): string {
  return partition.slice(apiKeyPrefix.length);
}

/** What one policy has dealt says nothing to another, so a client whose policy is changed begins anew. */
export function allowanceKey(
  tenant: TenantId,
  client: string,
  { requestsPerSecond, burst }: { readonly requestsPerSecond: number; readonly burst: number },
): PlatformKey {
  return { PK: `${allowancePrefix}${tenant}#${client}`, SK: `${requestsPerSecond}/${burst}` };
}

// --- audit log -------------------------------------------------------------------------------------------------------

const auditLog = '#AUDIT';

/** What the sort key of every audit record begins with. */
export const auditPrefix = 'R#';

const auditDigits = 12;

/** Where a tenant's audit log lies. */
export function auditLogPartition(tenant: TenantId): string {
  return `${tenantPrefix(tenant)}${auditLog}`;
}

export function auditKey(tenant: TenantId, number: number): PlatformKey {
  return { PK: auditLogPartition(tenant), SK: `${auditPrefix}${String(number).padStart(auditDigits, '0')}` };
}

/** Reads the tenant back from the partition of an audit log. */
export function tenantOfAuditLog(partition: string): TenantId {
  return partition.slice(2, -auditLog.length) as TenantId;
}

/** Reads the number back from the sort key of an audit record. */
export function numberOfAuditRecord(sortKey: string): number {
  return Number(sortKey.slice(auditPrefix.length));
}
