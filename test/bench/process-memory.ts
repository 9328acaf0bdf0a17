import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

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
  const parents = await parentsOfProcesses();
  const tree = [root];
  // The list grows while it is walked, until no listed process has a child that is not listed.
  for (const parent of tree) {
    for (const [child, itsParent] of parents) if (itsParent === parent) tree.push(child);
  }
  const rollups = await Promise.all(tree.map((id) => readFile(`/proc/${id}/smaps_rollup`, 'utf8')));
  const sum = (field: string): number => rollups.reduce((bytes, text) => bytes + readKilobytes(text, field) * 1_024, 0);
  return { processes: tree.length, residentBytes: sum('Rss'), proportionalBytes: sum('Pss') };
}

async function parentsOfProcesses(): Promise<Map<number, number>> {
  const ids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  const parents = new Map<number, number>();
  for (const id of ids) {
    try {
      // After the name, which may hold anything but ends with the last parenthesis, come the state and the parent.
      const stat = await readFile(`/proc/${id}/stat`, 'utf8');
      parents.set(id, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch (error) {
      // It ended since the folder was listed.
      if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  return parents;
}

function readKilobytes(rollup: string, field: string): number {
  const line = new RegExp(`^${field}: +(\\d+) kB$`, 'm').exec(rollup);
  if (line === null) throw new Error(`The kernel reports no ${field}.`);
  return Number(line[1]);
}
