import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { processTree } from './process-tree.ts';

export type Memory = {
  readonly processes: number;
  /** Resident bytes, each process by itself: pages they share count more than once. */
  readonly residentBytes: number;
  /** Proportional bytes: a shared page counts once in all. */
  readonly proportionalBytes: number;
};

/** The memory of a process and all its descendants; undefined where the system has no `/proc` to read it from. */
export async function measureMemory(root: number): Promise<Memory | undefined> {
  if (!existsSync('/proc/self/smaps_rollup')) return undefined;
  const tree = await processTree(root);
  const rollups = await Promise.all(tree.map((id) => readFile(`/proc/${id}/smaps_rollup`, 'utf8')));
  const sum = (field: string): number => rollups.reduce((bytes, text) => bytes + readKilobytes(text, field) * 1_024, 0);
  return { processes: tree.length, residentBytes: sum('Rss'), proportionalBytes: sum('Pss') };
}

function readKilobytes(rollup: string, field: string): number {
  const line = new RegExp(`^${field}: +(\\d+) kB$`, 'm').exec(rollup);
  if (line === null) throw new Error(`The kernel reports no ${field}.`);
  return Number(line[1]);
}
