import type { ActContext } from '../audit/act.ts';
import type { AppliedKey, Cause } from '../dynamodb/index.ts';
import type { Clock } from '../dynamodb/table/patience.ts';
import { InvariantViolation, type RefusalCode, type TenantId, type TransactionId } from '../ledger/index.ts';
import type { DeadLetterQueue, DeadMessage, Resolution } from './dead-letter.ts';
import type { DeadLetterId } from './dead-letter-id.ts';
import type { StoredDeadLetter } from './dead-letter-item.ts';
import { type DeadLetterStore, wasResolvedBy } from './dead-letter-store.ts';

/** What becomes of a failed transaction that is to be tried anew. */
export type AcceptedAnew =
  /** As another transaction; `already` when it was before. */
  | { readonly kind: 'accepted' | 'already'; readonly transactionId: TransactionId }
  | { readonly kind: 'not_failed' | 'unreadable' }
  /** As any command may be, by what there is now. */
  | { readonly kind: 'refused'; readonly code: RefusalCode };

/** How letters are brought back to work; what fails with a LedgerError may be tried again under the same key. */
export interface BackToWork {
  /** Accepts a failed transaction anew, once however often it is asked. */
  acceptAnew(tenant: TenantId, transactionId: TransactionId, cause: Cause): Promise<AcceptedAnew>;
  /** @returns SQS's id of the message that was sent */
  resend(queue: DeadLetterQueue, message: DeadMessage, deduplicationId: string): Promise<string>;
}

/** On whose behalf, by which key and in which request a letter is resolved. */
export interface Resolving {
  readonly by: ActContext;
  readonly keyApplied: AppliedKey;
  readonly cause: Cause;
}

export type ReprocessResult =
  | { readonly kind: 'reprocessed'; readonly letter: StoredDeadLetter }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'not_open'; readonly letter: StoredDeadLetter }
  | { readonly kind: 'not_reprocessable'; readonly detail: string };

const undispatched =
  'The records of the stream are not in the message. The sweep wakes the lines, and npm run repair:journal finds what the journal has not taken up; then discard this letter.';
const cut = 'The message was too large to be kept whole.';
const notFailed = 'The transaction is not failed.';
const unreadable = 'The command of the transaction cannot be read; correct its cause and post it under a new key.';

/**
 * Brings dead letters back to work.
 *
 * First the work, then the mark that it was done: a crash in between leaves the letter open, and whoever tries again does
 * the work again. That is harmless: a failed transaction is accepted anew only once, since what it becomes has an id that
 * follows from its own; and a message only says where to look, so that what it wakes finds nothing left to do.
 */
export class Reprocessing {
  readonly #letters: DeadLetterStore;
  readonly #work: BackToWork;
  readonly #clock: Clock;

  constructor(letters: DeadLetterStore, work: BackToWork, clock: Clock) {
    this.#letters = letters;
    this.#work = work;
    this.#clock = clock;
  }

  /**
   * Reprocesses one letter of the tenants, once under its idempotency key.
   *
   * @throws LedgerError `idempotency_key_reused`, `unavailable`, `outcome_unknown`, and what `BackToWork` throws
   */
  async reprocess(
    tenants: readonly (TenantId | undefined)[],
    id: DeadLetterId,
    resolving: Resolving,
  ): Promise<ReprocessResult> {
    const letter = await this.#letters.get(tenants, id);
    return letter ? this.reprocessFound(letter, resolving) : { kind: 'not_found' };
  }

  /** Reprocesses a letter that was read just now. */
  async reprocessFound(letter: StoredDeadLetter, resolving: Resolving): Promise<ReprocessResult> {
    const { by, keyApplied } = resolving;
    if (letter.status === 'reprocessed' && wasResolvedBy(letter, keyApplied)) return { kind: 'reprocessed', letter };
    if (letter.status !== 'open') return { kind: 'not_open', letter };
    const done = await this.#bringBack(letter, resolving);
    if (done.kind === 'not_reprocessable') return done;
    const resolution: Resolution = { by: by.actor.client, at: this.#clock.now(), ...done.became };
    const result = await this.#letters.resolve(letter, 'reprocessed', resolution, keyApplied, by);
    return { ...result, kind: result.kind === 'resolved' ? 'reprocessed' : 'not_open' };
  }

  async #bringBack(
    letter: StoredDeadLetter,
    { keyApplied, cause }: Resolving,
  ): Promise<
    | { kind: 'done'; became: Pick<Resolution, 'transactionId' | 'messageId'> }
    | Extract<ReprocessResult, { kind: 'not_reprocessable' }>
  > {
    const { id, kind, tenant, transactionId, source, message } = letter;
    if (kind === 'transaction') {
      if (!tenant || !transactionId) throw new InvariantViolation(`${id} does not say of which transaction it is`);
      const accepted = await this.#work.acceptAnew(tenant, transactionId, cause);
      if ('transactionId' in accepted) return { kind: 'done', became: { transactionId: accepted.transactionId } };
      return { kind: 'not_reprocessable', detail: whyNot(accepted) };
    }
    if (!message) throw new InvariantViolation(`${id} has no message`);
    if (source === 'ledger_stream') return { kind: 'not_reprocessable', detail: undispatched };
    if (message.isCut) return { kind: 'not_reprocessable', detail: cut };
    // The same request sent again within minutes is sent once.
    const messageId = await this.#work.resend(source, message, `${id}-${keyApplied.mark}`);
    return { kind: 'done', became: { messageId } };
  }
}

function whyNot(result: Exclude<AcceptedAnew, { readonly transactionId: TransactionId }>): string {
  switch (result.kind) {
    case 'not_failed':
      return notFailed;
    case 'unreadable':
      return unreadable;
    case 'refused':
      return `The transaction was refused: ${result.code}.`;
  }
}
