import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { App } from 'aws-cdk-lib';
import { areas } from '../../infra/areas.ts';
import { buildApp } from '../../infra/florin-app.ts';
import type { CloudFormationTemplate } from './cloudformation-template.ts';
import type { ValidationReport } from './validation-report.ts';

/** The application as CloudFormation would get it. */
export interface Synthesised {
  readonly data: CloudFormationTemplate;
  readonly api: CloudFormationTemplate;
  /** The templates of all stacks by their names, the two above among them. */
  readonly stacks: Readonly<Record<string, CloudFormationTemplate>>;
  readonly report: ValidationReport;
}

export interface SynthesisOptions {
  /** The stage is `test` unless this says otherwise. */
  readonly context?: Readonly<Record<string, unknown>>;
  readonly amend?: (app: App) => void;
}

/**
 * Synthesises the whole application in a temporary folder, with bundles that hold next to nothing: what the functions do
 * is no concern of a template. Rejects if a rule of the validation packs is violated, as `cdk synth` fails.
 */
export async function synthesise({ context, amend }: SynthesisOptions = {}): Promise<Synthesised> {
  const folder = await mkdtemp(path.join(tmpdir(), 'florin-synth-'));
  try {
    const bundles = path.join(folder, 'bundles');
    for (const area of Object.keys(areas)) {
      await mkdir(path.join(bundles, area), { recursive: true });
      await writeFile(path.join(bundles, area, 'index.mjs'), `export const handler = () => '${area}';\n`);
    }
    const outdir = path.join(folder, 'cdk.out');
    const app = buildApp({ bundles, outdir, context: { stage: 'test', ...context } });
    amend?.(app);
    const assembly = app.synth();
    const read = async (file: string) => JSON.parse(await readFile(path.join(outdir, file), 'utf8'));
    const stage = context?.stage ?? 'test';
    return {
      data: await read(`Florin-${stage}-Data.template.json`),
      api: await read(`Florin-${stage}-Api.template.json`),
      stacks: Object.fromEntries(assembly.stacks.map(({ stackName, template }) => [stackName, template])),
      report: await read('validation-report.json'),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
