import type { Command } from './command.ts';
import { decideBatch } from './decide-batch.ts';
import { decideCaptureHold, decideCreateHold, decideReleaseHold } from './decide-hold.ts';
import { decideReversal } from './decide-reversal.ts';
import { decideTransaction } from './decide-transaction.ts';
import type { Circumstances, Decision } from './decision.ts';
import type { LedgerState } from './state.ts';

/**
 * Decides a command on a state, purely: what is to be written, a decline, or a refusal. Reasons come in their
 * documented order of precedence (see `errors.ts`).
 */
export function decide(command: Command, state: LedgerState, circumstances: Circumstances): Decision {
  switch (command.kind) {
    case 'transaction':
      return decideTransaction(command, state, circumstances);
    case 'createHold':
      return decideCreateHold(command, state, circumstances);
    case 'captureHold':
      return decideCaptureHold(command, state, circumstances);
    case 'releaseHold':
      return decideReleaseHold(command, state, circumstances);
    case 'batch':
      return decideBatch(command, state, circumstances);
    case 'reversal':
      return decideReversal(command, state, circumstances);
  }
}
