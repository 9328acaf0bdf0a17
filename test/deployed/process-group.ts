import { setTimeout as sleep } from 'node:timers/promises';

const graceMs = 10_000;
const pollMs = 50;

/** Signals a process, which must lead its group, and all that it has started. False when none of them is left. */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Asks the whole group to end, makes it end when that takes too long, and resolves when it is gone. */
export async function endGroup(leader: number): Promise<void> {
  signalGroup(leader, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (signalGroup(leader, 0)) {
    if (Date.now() > deadline) signalGroup(leader, 'SIGKILL');
    await sleep(pollMs);
  }
}

/** Sees to it that the group does not outlive this process, however it ends short of SIGKILL. */
export function endGroupAtExit(leader: number): void {
  process.once('exit', () => signalGroup(leader, 'SIGKILL'));
  // A process that a signal ends has no exit of its own.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
}
