import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pythonOf } from '../support/python.ts';
import type { KnownIds } from './known-ids.ts';

export interface FuzzOptions {
  readonly url: string;
  readonly apiKey: string;
  readonly seed: number;
  /** For what draws its requests. */
  readonly seconds: number;
  /** Of each path variable, ids of what is there: drawn in some of the cases, so that not all end in 404. */
  readonly ids: KnownIds;
  /** Of each operation that has one, a body that is right: each is tried first, so that no chance decides whether an operation does its work. */
  readonly bodies: Readonly<Record<string, unknown>>;
  /** For its configuration and reports. */
  readonly folder: string;
}

/** What became of the operations of the document. */
export interface FuzzResult {
  /** Nothing was found, and it ran to its end. */
  readonly passed: boolean;
  readonly exitCodes: readonly (number | null)[];
}

/** Beyond the time that it was given: starting, and finishing what is under way. A busy machine takes minutes to both. */
const graceMs = 300_000;
/** What tries each operation as often as its examples say is not bounded otherwise, and takes half a minute. */
const examplesTimeoutMs = 900_000;
const shareOfKnownIds = 0.6;

/**
 * Runs Schemathesis over the whole OpenAPI document of a running stage. What it finds is printed. Needs Python 3.11 or later.
 *
 * First each operation is tried with what is right, however long that takes: a slow machine must not be out of time before it has come to
 * the last of them. What draws its requests has so many seconds.
 */
export async function runSchemathesis(options: FuzzOptions): Promise<FuzzResult> {
  const configuration = path.join(options.folder, 'schemathesis.toml');
  writeFileSync(configuration, configurationText(options));
  const drawn = ['--max-time', String(options.seconds)];
  const exitCodes = [
    await run(options, configuration, 'examples', [], examplesTimeoutMs),
    await run(options, configuration, 'coverage,fuzzing,stateful', drawn, options.seconds * 1_000 + graceMs),
  ];
  return { passed: exitCodes.every((code) => code === 0), exitCodes };
}

async function run(
  { url, apiKey, seed, ids, bodies, folder }: FuzzOptions,
  configuration: string,
  phases: string,
  bounds: readonly string[],
  timeout: number,
): Promise<number | null> {
  const python = pythonOf('schemathesis', path.join(import.meta.dirname, 'requirements.txt'));
  const words = ['--config-file', configuration, 'run', `${url}/openapi.json`, '--phases', phases];
  words.push(...bounds, '--seed', String(seed), '--no-color');
  const child = spawn(path.join(path.dirname(python), 'schemathesis'), words, {
    cwd: folder,
    env: {
      ...process.env,
      FLORIN_API_KEY: apiKey,
      FLORIN_FUZZ_SEED: String(seed),
      FLORIN_FUZZ_RUN: `${seed}-${phases.replaceAll(',', '-')}`,
      FLORIN_FUZZ_IDS: JSON.stringify(ids),
      FLORIN_FUZZ_BODIES: JSON.stringify(bodies),
    },
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout,
  });
  const [exitCode] = await once(child, 'exit');
  return exitCode;
}

function configurationText({ ids }: FuzzOptions): string {
  const fixed = readFileSync(path.join(import.meta.dirname, 'schemathesis.toml'), 'utf8');
  const known = Object.entries(ids);
  return [
    // Before the first table, where TOML has what belongs to the whole.
    `hooks = ${JSON.stringify(path.join(import.meta.dirname, 'hooks.py'))}`,
    fixed,
    ...known.map(([name, values]) => `[dictionaries.${name}]\nvalues = ${JSON.stringify(values)}\n`),
    '[parameters]',
    ...known.map(([name]) => `"path.${name}" = { dictionary = "${name}", probability = ${shareOfKnownIds} }`),
    '',
  ].join('\n');
}
