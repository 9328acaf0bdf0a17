import {
  type AccountId,
  type Decline,
  expireHold,
  InvariantViolation,
  type LedgerState,
  type TenantId,
} from '../../ledger/index.ts';
import { faultOf } from '../table/faults.ts';
import type { Clock } from '../table/patience.ts';
import type { ExpiredHolds } from './expired-holds.ts';
import { PendingCommand } from './pending-command.ts';

/** How often expired holds of the account are released for one command before it is declined for want of funds. */
const maxReleaseRounds = 3;

/** What was done about expired holds: nothing was found; some are gone, so decide again; it could not be learnt. */
export type Released = 'none' | 'some' | 'unknown';

export interface ExpiredReleaseDependencies {
  readonly expired: ExpiredHolds;
  readonly clock: Clock;
  /** Brings commands to their outcomes. */
  readonly commit: (tenant: TenantId, commands: readonly PendingCommand[]) => Promise<void>;
}

/** Releases holds whose time is over, before a command is declined for what they reserve. */
export class ExpiredRelease {
  readonly #expired: ExpiredHolds;
  readonly #clock: Clock;
  readonly #commit: ExpiredReleaseDependencies['commit'];

  constructor({ expired, clock, commit }: ExpiredReleaseDependencies) {
    this.#expired = expired;
    this.#clock = clock;
    this.#commit = commit;
  }

  /**
   * Releases those of the account that a decline is about. Where it says `none`, the state that the command was to be
   * declined on is all there is; what the index does not show yet, or what overtakes this, the decline does not know of.
   *
   * @throws what another try would not change, and InvariantViolation
   */
  async before(decline: Decline, state: LedgerState, tenant: TenantId, pending: PendingCommand): Promise<Released> {
    const account = heldBack(decline, state);
    if (account === undefined || pending.releaseRounds >= maxReleaseRounds) return 'none';
    const { patience, nonce, salt, cause } = pending;
    try {
      const ids = await this.#expired.ofAccount(tenant, account, this.#clock.now(), patience);
      if (ids.length === 0) return 'none';
      const releases = ids.map(
        (id) => new PendingCommand({ command: expireHold(tenant, id), patience, nonce, salt, cause }),
      );
      await this.#commit(tenant, releases);
      const outcomes = await Promise.all(releases.map(({ outcome }) => outcome));
      if (outcomes.some(({ kind }) => kind === 'failed')) return 'unknown';
      // Also a hold that another has ended meanwhile is funds that were not there when this was decided.
      pending.releaseRounds++;
      return 'some';
    } catch (error) {
      if (error instanceof InvariantViolation) throw error;
      const fault = faultOf(error);
      if (fault.kind === 'fatal') throw error;
      pending.lastFailure = 'unavailable';
      return 'unknown';
    }
  }
}

/** The account that lacks funds while some are held there. */
function heldBack({ reason, evidence: { account, asset } }: Decline, state: LedgerState): AccountId | undefined {
  if (reason !== 'insufficient_funds' || asset === undefined) return undefined;
  return (state.balance(account, asset)?.held ?? 0n) > 0n ? account : undefined;
}
