import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';
import { areas } from '../../infra/areas.ts';
import { workers } from '../../infra/workers.ts';
import type { CloudFormationTemplate } from './cloudformation-template.ts';
import { cached } from './synthesis-cache.ts';
import type { ValidationReport } from './validation-report.ts';

/** The application as CloudFormation would get it. */
export interface Synthesised {
  readonly data: CloudFormationTemplate;
  readonly watch: CloudFormationTemplate;
  readonly work: CloudFormationTemplate;
  readonly api: CloudFormationTemplate;
  /** The templates of all stacks by their names, the four above among them. */
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

/** The variables that the CDK's command line sets. */
const cdkVariables = ['CDK_DEFAULT_ACCOUNT', 'CDK_DEFAULT_REGION'] as const;

/**
 * Synthesises the whole application, or answers what was synthesised from the same sources before. The bundles hold next to nothing: what the
 * functions do is no concern of a template. Rejects if a rule of the validation packs is violated, as `cdk synth` fails.
 */
export function synthesise({ context, isFaulty = false, environment }: SynthesisOptions = {}): Promise<Synthesised> {
  const asked = { context: { stage: 'test', ...context }, isFaulty, environment };
  const inherited = cdkVariables.map((name) => [name, process.env[name]]);
  return cached([asked, inherited], 2 * synthesisTimeoutMs, () => synthesiseAnew(asked));
}

async function synthesiseAnew({
  context,
  isFaulty,
  environment,
}: Required<Pick<SynthesisOptions, 'context' | 'isFaulty'>> & SynthesisOptions): Promise<Synthesised> {
  const folder = await mkdtemp(path.join(tmpdir(), 'florin-synth-'));
  try {
    const bundles = path.join(folder, 'bundles');
    for (const name of [...Object.keys(areas), ...Object.keys(workers)]) {
      await mkdir(path.join(bundles, name), { recursive: true });
      await writeFile(path.join(bundles, name, 'index.mjs'), `export const handler = () => '${name}';\n`);
    }
    const outdir = path.join(folder, 'cdk.out');
    await run({ bundles, outdir, context, isFaulty }, environment);
    const read = async (file: string) => JSON.parse(await readFile(path.join(outdir, file), 'utf8'));
    const stacks: Record<string, CloudFormationTemplate> = {};
    for (const file of await readdir(outdir)) {
      const [, stack] = /^(Florin-.*)\.template\.json$/.exec(file) ?? [];
      if (stack) stacks[stack] = await read(file);
    }
    const { stage } = context;
    return {
      data: await read(`Florin-${stage}-Data.template.json`),
      watch: await read(`Florin-${stage}-Watch.template.json`),
      work: await read(`Florin-${stage}-Work.template.json`),
      api: await read(`Florin-${stage}-Api.template.json`),
      stacks,
      report: await read('validation-report.json'),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The API and the workers in one template, for what is asked of every function and of what they share. */
export function functionsIn({ work, api }: Pick<Synthesised, 'work' | 'api'>): CloudFormationTemplate {
  const names = Object.keys(work.Resources).filter((name) => name in api.Resources);
  if (names.length > 0) throw new Error(`Both templates have ${names.join(', ')}`);
  return { ...api, Resources: { ...api.Resources, ...work.Resources } };
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
