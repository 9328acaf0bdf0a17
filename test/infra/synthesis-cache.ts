import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildInputs, digestOfInputs } from '../../infra/build-inputs.ts';
import { tryLock } from '../../infra/local/file-lock.ts';

/** In a folder that `npm ci` empties and that only whoever may change the project may write to. */
const folder = path.resolve(import.meta.dirname, '../../node_modules/.cache/florin-synthesis');
/** What a template is made from. The bundles stand in for the functions, whose sources are no concern of it. */
const inputs = [
  ...buildInputs.filter((input) => input !== 'functions'),
  'test/infra/synthesise.ts',
  'test/infra/synthesis-process.ts',
];
const pollMs = 50;
/** What nobody has asked for this long is of sources that are gone. */
const keptForMs = 24 * 3_600_000;

/**
 * Answers what `make` made for the same sources and the same order, be it in another process, or else has it made: once, however many ask
 * at the same time. What fails is not kept.
 *
 * @param order all that the result depends on beside the sources
 * @param waitMs how long another process may take to make it
 */
export async function cached<Result>(order: unknown, waitMs: number, make: () => Promise<Result>): Promise<Result> {
  mkdirSync(folder, { recursive: true });
  const sources = digestOfInputs(inputs);
  const name = createHash('sha256')
    .update(`${sources}\0${JSON.stringify(order)}`)
    .digest('hex')
    .slice(0, 32);
  const file = path.join(folder, `${name}.json`);
  const known = read<Result>(file);
  if (known !== undefined) return known;
  const lock = await lockFile(path.join(folder, `${name}.lock`), waitMs);
  try {
    // Whoever had the lock before has most likely made it.
    const made = read<Result>(file);
    if (made !== undefined) return made;
    const result = await make();
    // What was read while a source changed may be of either; it serves this caller, who asked meanwhile, and nobody after.
    if (digestOfInputs(inputs) === sources) write(file, result);
    return result;
  } finally {
    lock.release();
  }
}

function read<Result>(file: string): Result | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    const now = new Date();
    utimesSync(file, now, now);
    return JSON.parse(text) as Result;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes aside and renames, so that nobody reads half of it; and lets go of what is old. */
function write(file: string, result: unknown): void {
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(result));
  renameSync(`${file}.${process.pid}`, file);
  for (const name of readdirSync(folder)) {
    const other = path.join(folder, name);
    const age = Date.now() - (statSync(other, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > keptForMs) rmSync(other, { force: true });
  }
}

async function lockFile(file: string, waitMs: number): Promise<{ release(): void }> {
  const giveUpAt = Date.now() + waitMs;
  for (;;) {
    const lock = tryLock(file);
    if (lock) return lock;
    if (Date.now() > giveUpAt) throw new Error(`Another process has held ${file} for ${waitMs} ms.`);
    await sleep(pollMs);
  }
}
