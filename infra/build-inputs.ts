import { createHash, type Hash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

const projectFolder = path.join(import.meta.dirname, '..');

/**
 * The files and folders, relative to the project's, that decide what bundling and synthesis produce: while all their bytes stay
 * the same, so do the bundles and the templates.
 */
export const buildInputs = [
  'functions',
  'lib',
  'infra',
  'cdk.json',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
] as const;

/** The embedded runtime reads what is built and has no part in it. */
const noInput = path.join(projectFolder, 'infra', 'local');

/**
 * Adds up files and folders, relative to the project's, and this Node. The digest covers names and bytes, not times, so that a fresh clone
 * and a touched file make no difference.
 */
export function digestOfInputs(inputs: readonly string[] = buildInputs): string {
  const hash = createHash('sha256').update(process.version);
  for (const input of inputs) add(hash, path.join(projectFolder, input));
  return hash.digest('hex').slice(0, 20);
}

function add(hash: Hash, file: string): void {
  if (file === noInput) return;
  const status = statSync(file, { throwIfNoEntry: false });
  if (status?.isDirectory()) {
    for (const name of readdirSync(file).sort()) add(hash, path.join(file, name));
  } else if (status?.isFile()) {
    const bytes = readFileSync(file);
    hash.update(`${path.relative(projectFolder, file)}\0${bytes.length}\0`).update(bytes);
  }
}
