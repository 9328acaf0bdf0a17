import { readdir, readFile } from 'node:fs/promises';

/** A process and all its descendants, by the system's `/proc`. */
export async function processTree(root: number): Promise<readonly number[]> {
  const parents = await parentsOfProcesses();
  const tree = [root];
  // The list grows while it is walked, until no listed process has a child that is not listed.
  for (const parent of tree) {
    for (const [child, itsParent] of parents) if (itsParent === parent) tree.push(child);
  }
  return tree;
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
