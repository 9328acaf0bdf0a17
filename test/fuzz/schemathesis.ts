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
  readonly exitCode: number | null;
}

/** Beyond the time it was given: starting, and finishing what is under way. */
const graceMs = 90_000;
const shareOfKnownIds = 0.6;

/** Runs Schemathesis over the whole OpenAPI document of a running stage. What it finds is printed. Needs Python 3.10 or later. */
export async function runSchemathesis(options: FuzzOptions): Promise<FuzzResult> {
  const { url, seed, seconds, ids, bodies, folder, apiKey } = options;
  const python = pythonOf('schemathesis', path.join(import.meta.dirname, 'requirements.txt'));
  const configuration = path.join(folder, 'schemathesis.toml');
  writeFileSync(configuration, configurationText(options));
  const words = ['--config-file', configuration, 'run', `${url}/openapi.json`];
  words.push('--seed', String(seed), '--max-time', String(seconds), '--no-color');
  const child = spawn(path.join(path.dirname(python), 'schemathesis'), words, {
    cwd: folder,
    env: {
      ...process.env,
      FLORIN_API_KEY: apiKey,
      FLORIN_FUZZ_SEED: String(seed),
      FLORIN_FUZZ_IDS: JSON.stringify(ids),
      FLORIN_FUZZ_BODIES: JSON.stringify(bodies),
    },
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: seconds * 1_000 + graceMs,
  });
  const [exitCode] = await once(child, 'exit');
  return { passed: exitCode === 0, exitCode };
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
