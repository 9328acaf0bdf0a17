import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { writePrivately } from '../private-file.ts';

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
  writePrivately(path.join(folder, `${deployed.stage}.json`), `${JSON.stringify(deployed, undefined, 2)}\n`);
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
