import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';
import { areas } from '../../infra/areas.ts';
import { workers } from '../../infra/workers.ts';
import type { CloudFormationTemplate } from './cloudformation-template.ts';
import type { ValidationReport } from './validation-report.ts';

/** The application as CloudFormation would get it. */
export interface Synthesised {
  readonly data: CloudFormationTemplate;
  readonly api: CloudFormationTemplate;
  readonly watch: CloudFormationTemplate;
  /** The templates of all stacks by their names, the three above among them. */
  readonly stacks: Readonly<Record<string, CloudFormationTemplate>>;
  readonly report: ValidationReport;
}

export interface SynthesisOptions {
  /** The stage is `test` unless this says otherwise. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** Adds a resource that breaks a rule. */
  readonly isFaulty?: boolean;
  /** More variables of the environment, such as the CDK's command line sets. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** What synthesis-process.ts is told. */
export interface SynthesisOrder {
  readonly bundles: string;
  readonly outdir: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly isFaulty: boolean;
}

/** One takes ten seconds of a processor, which a busy machine may be long in giving. */
const synthesisTimeoutMs = 180_000;

// Whoever synthesises inside a test waits for it there.
jest.setTimeout(2 * synthesisTimeoutMs);

/**
 * Synthesises the whole application in a temporary folder, with bundles that hold next to nothing: what the functions do
 * is no concern of a template. Rejects if a rule of the validation packs is violated, as `cdk synth` fails.
 */
export async function synthesise({
  context,
  isFaulty = false,
  environment,
}: SynthesisOptions = {}): Promise<Synthesised> {
  const folder = await mkdtemp(path.join(tmpdir(), 'florin-synth-'));
  try {
    const bundles = path.join(folder, 'bundles');
    for (const name of [...Object.keys(areas), ...Object.keys(workers)]) {
      await mkdir(path.join(bundles, name), { recursive: true });
      await writeFile(path.join(bundles, name, 'index.mjs'), `export const handler = () => '${name}';\n`);
    }
    const outdir = path.join(folder, 'cdk.out');
    await run({ bundles, outdir, context: { stage: 'test', ...context }, isFaulty }, environment);
    const read = async (file: string) => JSON.parse(await readFile(path.join(outdir, file), 'utf8'));
    const stacks: Record<string, CloudFormationTemplate> = {};
    for (const file of await readdir(outdir)) {
      const [, stack] = /^(Florin-.*)\.template\.json$/.exec(file) ?? [];
      if (stack) stacks[stack] = await read(file);
    }
    const stage = context?.stage ?? 'test';
    return {
      data: await read(`Florin-${stage}-Data.template.json`),
      api: await read(`Florin-${stage}-Api.template.json`),
      watch: await read(`Florin-${stage}-Watch.template.json`),
      stacks,
      report: await read('validation-report.json'),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(order: SynthesisOrder, environment: NodeJS.ProcessEnv = {}): Promise<void> {
  const script = path.join(import.meta.dirname, 'synthesis-process.ts');
  try {
    await promisify(execFile)(process.execPath, [script, JSON.stringify(order)], {
      timeout: synthesisTimeoutMs,
      env: { ...process.env, ...environment },
    });
  } catch (error) {
    // What the process has said is the reason; the command line that comes with it is not.
    const { stderr, message } = error as Error & { readonly stderr?: string };
    throw new Error(stderr || message, { cause: error });
  }
}
