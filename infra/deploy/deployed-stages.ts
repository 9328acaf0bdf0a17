import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';

const deployedStage = z.object({ stage: z.string(), url: z.string(), apiKey: z.string() });

/** A stage on an emulator, with the key that opens it. Keys of stages on AWS are written down nowhere. */
export type DeployedStage = z.output<typeof deployedStage>;

function folderOfStages(): string {
  return path.join(process.env.FLORIN_DATA || path.resolve(import.meta.dirname, '../../.florin'), 'deployed');
}

/** Keeps it in a file that only its owner reads, for the next deployment and for the end-to-end suite. */
export function rememberStage(deployed: DeployedStage): void {
  const folder = folderOfStages();
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${deployed.stage}.json`);
  // Written aside and renamed, so that a crash never leaves half of it.
  writeFileSync(`${file}.new`, `${JSON.stringify(deployed, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The emulators' stages that were deployed from this folder. */
export function deployedStages(): DeployedStage[] {
  const folder = folderOfStages();
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names.map((name) => deployedStage.parse(JSON.parse(readFileSync(path.join(folder, name), 'utf8'))));
}
