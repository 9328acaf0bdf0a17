import { sha256Of as sha256 } from '../canonical-hash.ts';
import type { BlockAnswer, EventAnswer } from './journal-answers.ts';

/**
 * The hashes that blocks and events should have, from their definition in docs/reference/journal.md. None of the ledger's own
 * code is used, since its mistakes are not to be repeated here.
 */

/** The hash before the first block. */
export const genesisHash = '0'.repeat(64);

const transaction = ['id', 'status', 'type', 'postings', 'createdAt'];
const hold = ['id', 'status', 'account', 'asset', 'amount', 'remaining', 'captured', 'createdAt', 'expiresAt'];

/** The members of an event's data that are hashed, by its type; of types that are not here, all but those that may be redacted. */
const hashedMembers: Readonly<Record<string, readonly string[]>> = {
  'transaction.posted': [
    ...transaction,
    'entries',
    'feeVersion',
    'exchange',
    'holdId',
    'reverses',
    'previousReversal',
    'detailsDigest',
  ],
  'transaction.rejected': [...transaction, 'reason'],
  'transaction.failed': [...transaction, 'failedAt'],
  'batch.posted': ['id', 'transactions', 'createdAt'],
  'hold.created': [...hold, 'updatedAt', 'version', 'detailsDigest'],
  'hold.voided': [...hold, 'updatedAt', 'version', 'detailsDigest'],
  'hold.expired': [...hold, 'updatedAt', 'version', 'detailsDigest'],
};

const redactable = ['description', 'metadata', 'owner'];

const partMembers: Readonly<Record<string, readonly string[]>> = {
  postings: ['source', 'destination', 'asset', 'amount'],
  entries: ['account', 'asset', 'shard', 'sequence', 'amount', 'balanceAfter'],
};

/** The hash that a block should have. */
export function hashOfBlock(
  { number, firstSequence, previousHash, createdAt, events }: BlockAnswer,
  tenant: string,
): string {
  const hashed = events.map(({ id, type, time, hash }) => ({ id, type, time, hash }));
  return sha256({ v: 1, tenant, number, firstSequence, previousHash, createdAt, events: hashed });
}

/** The hash that an event should have. */
export function hashOfEvent({ id, type, time, data }: EventAnswer, tenant: string): string {
  return sha256({ v: 1, tenant, id, type, time, data: hashedPart(type, data) });
}

function hashedPart(type: string, data: EventAnswer['data']): Record<string, unknown> {
  const names = hashedMembers[type] ?? Object.keys(data).filter((name) => !redactable.includes(name));
  return Object.fromEntries(
    names.map((name) => {
      const value = data[name];
      const members = hashedMembers[type] && partMembers[name];
      return [name, members && Array.isArray(value) ? value.map((each) => only(each, members)) : value];
    }),
  );
}

function only(value: unknown, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, (value as Record<string, unknown> | null)?.[name]]));
}
