import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { processTree } from './process-tree.ts';

/** The kernel counts time in hundredths of a second for whoever reads it here, whatever it uses itself (`USER_HZ`). */
const TICKS_PER_SECOND = 100;

/**
 * What part of one processor a process and its descendants take over a while; undefined where the system has no `/proc`
 * to read it from. Processes that begin and end meanwhile count with their parents.
 */
export async function measureProcessorShare(root: number, seconds: number): Promise<number | undefined> {
  if (!existsSync('/proc/self/stat')) return undefined;
  const before = await ticksOfTree(root);
  const startedAt = performance.now();
  await sleep(seconds * 1_000);
  const ticks = (await ticksOfTree(root)) - before;
  return ticks / TICKS_PER_SECOND / ((performance.now() - startedAt) / 1_000);
}

async function ticksOfTree(root: number): Promise<number> {
  const stats = await Promise.all((await processTree(root)).map((id) => readFile(`/proc/${id}/stat`, 'utf8')));
  return stats.reduce((ticks, stat) => ticks + ticksOf(stat), 0);
}

/** User and system time, and that of children that have ended: fields 14 to 17 of proc_pid_stat(5). */
function ticksOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
}
