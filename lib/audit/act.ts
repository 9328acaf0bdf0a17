import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Actor } from '../auth/actor.ts';
import type { WriteResult } from '../dynamodb/table/single-write.ts';
import type { CanonicalValue, TenantId } from '../ledger/index.ts';

/** Every act that is recorded, with what it says to people. */
export const actions = {
  'client.created': 'An API client was made.',
  'client.updated': 'What an API client may do, or its name, was changed.',
  'client.key_rotated': 'An API client got a new key.',
  'client.revoked': 'All keys of an API client were revoked.',
  'account.opened': 'An account was opened that can spend what it does not have, or is spread over shards.',
  'account.updated': "An account's status, floors, limits, shards or owner were changed.",
  'asset.created': 'An asset was registered.',
  'fee_schedule.created': 'A fee schedule was made.',
  'webhook.created': 'A webhook was made.',
  'webhook.updated': 'A webhook was changed.',
  'webhook.deleted': 'A webhook was deleted.',
  'webhook.secret_rotated': 'A webhook got a new secret.',
  'dead_letter.reprocessed': 'A dead letter was brought back to work.',
  'dead_letter.discarded': 'A dead letter was discarded.',
  'transaction.overdrawn': 'A reversal was asked for that may leave an account below its floor.',
  'entries.exported': 'Entries were exported.',
  'audit_log.exported': 'The audit log was exported.',
  'transaction.redacted': 'Personal data of a transaction was removed.',
  'hold.redacted': 'Personal data of a hold was removed.',
  'account.redacted': 'Personal data of an account was removed.',
} as const;

export type ActionName = keyof typeof actions;

/** An object of texts, numbers, booleans and lists; never metadata, descriptions, keys or secrets. */
export type Facts = { readonly [name: string]: CanonicalValue | undefined };

/** What somebody did. */
export interface Act {
  /** In whose log it belongs: the owner of what was acted upon. */
  readonly tenant: TenantId;
  readonly action: ActionName;
  /** The id of what was acted upon; what kind of thing that is, the action says. */
  readonly target: string;
  readonly actor: Actor;
  readonly correlationId?: string | undefined;
  /** Why, in the words of who did it. */
  readonly reason?: string | undefined;
  /** What it was, as far as it was changed. */
  readonly before?: Facts | undefined;
  /** What it became. */
  readonly after?: Facts | undefined;
}

const changesOfAccess: ReadonlySet<ActionName> = new Set(['client.updated', 'client.key_rotated', 'client.revoked']);

/**
 * Whether an act may take something from somebody who is doing harm, by acts of his own perhaps: what he may do, or the use of an account.
 * Such an act must not wait until he pauses.
 */
export function isUrgent({ action, after }: Pick<Act, 'action' | 'after'>): boolean {
  if (action !== 'account.updated') return changesOfAccess.has(action);
  return after?.status === 'frozen' || (after?.freezes ?? null) !== null;
}

/** One action of a `TransactWriteItems`. */
export type WriteAction = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** Records acts in the very writes that make them: then there is a record if and only if it was done. */
export interface ActRecorder {
  /**
   * Makes a write together with the record of what it does. `write` is given an action that it must put **last** into its one
   * `TransactWriteItems`; it may be asked again, with another one, where others have recorded something meanwhile.
   *
   * What it answers is about the other actions: a refusal is one of theirs, and it is in doubt only while the record may still come
   * to lie in the log together with what they do.
   *
   * @throws LedgerError `contention`, `unavailable`, `outcome_unknown`, and whatever `write` throws
   */
  recorded(act: Act, write: (record: WriteAction) => Promise<WriteResult>): Promise<WriteResult>;
}

/** Who asks for something, as far as records of it need to know. */
export interface ActContext {
  readonly actor: Actor;
  readonly correlationId?: string | undefined;
}
