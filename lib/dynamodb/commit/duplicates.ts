import type { PendingCommand } from './pending-command.ts';

/** The first command of each key leads; the others of that key follow its outcome. */
export function foldByKey(commands: readonly PendingCommand[]) {
  const leaders = new Map<string, PendingCommand>();
  const followers: [PendingCommand, PendingCommand][] = [];
  for (const pending of commands) {
    const leader = leaders.get(pending.command.record);
    if (leader) followers.push([pending, leader]);
    else leaders.set(pending.command.record, pending);
  }
  return { leaders: [...leaders.values()], followers };
}

/** Answers a duplicate from the outcome of the first; false when it is another request and has to find out itself. */
export async function answerFromLeader(follower: PendingCommand, leader: PendingCommand): Promise<boolean> {
  const isSame = follower.command.requestHash === leader.command.requestHash;
  try {
    const outcome = await leader.outcome;
    if (isSame) follower.settle(outcome.kind === 'settled' ? { ...outcome, replayed: true } : outcome);
    else if (outcome.kind === 'settled') follower.settle({ kind: 'key_reused' });
    return follower.isSettled;
  } catch (error) {
    follower.throw(error);
    return true;
  }
}
