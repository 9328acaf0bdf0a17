import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { bundleFunctions } from '../../infra/bundle.ts';
import { median } from './median.ts';

/** Processes that each module is imported in, in each way. */
export const COLD_IMPORTS = 15;

export const nothingName = 'a module with nothing in it';

/** What loading a function's code takes in a fresh process: medians, in milliseconds. */
export type ColdImport = {
  readonly name: string;
  readonly bytes: number;
  /** As in Lambda: with source maps, which Node reads at once and not only when an error needs them. */
  readonly asInLambda: number;
  /** The fastest of them, which on a busy machine comes nearer to what a quiet one needs. */
  readonly fastest: number;
  readonly withoutSourceMap: number;
  /** Compiling alone. The rest is what the modules do when they run: schemas are made, clients and the route table built. */
  readonly compiling: number;
};

/** Everything that a function may ask of its environment while it loads. Nothing that it names is contacted then. */
const environment = {
  AWS_REGION: 'eu-central-1',
  LEDGER_TABLE: 'Ledger',
  IDEMPOTENCY_TABLE: 'Idempotency',
  PLATFORM_TABLE: 'Platform',
  ...Object.fromEntries(
    ['LINES', 'JOURNAL', 'PUBLICATION', 'DELIVERIES'].map((queue) => [
      `${queue}_QUEUE_URL`,
      `https://sqs.invalid/${queue}`,
    ]),
  ),
  EVENTS_TOPIC_ARN: 'arn:aws:sns:eu-central-1:000000000000:events.fifo',
  WEBHOOK_TARGETS: 'public',
  SECRETS_KEY_ID: 'arn:aws:kms:eu-central-1:000000000000:key/mrk-bench',
  API_KEY_SHA256: '0'.repeat(64),
  KEY_LABEL: 'bench',
  TOKEN_ISSUERS: '[]',
  FLAGS_PARAMETER: '/florin/bench/flags',
  FLAGS_WHEN_UNREADABLE: 'open',
  POWERTOOLS_SERVICE_NAME: 'florin-bench',
  POWERTOOLS_METRICS_NAMESPACE: 'Florin/bench',
};

const printElapsed = 'process.stdout.write(String(performance.now() - startedAt), () => process.exit());';

const importing = (file: string): string => `
  const startedAt = performance.now();
  await import(${JSON.stringify(pathToFileURL(file).href)});
  ${printElapsed}`;

const compiling = (file: string): string => `
  import { readFileSync } from 'node:fs';
  import { SourceTextModule } from 'node:vm';
  const source = readFileSync(${JSON.stringify(file)}, 'utf8');
  const startedAt = performance.now();
  new SourceTextModule(source);
  ${printElapsed}`;

/** The ways in which a module is loaded, each in a process of its own. */
const ways = {
  asInLambda: { flags: ['--enable-source-maps'], source: importing },
  withoutSourceMap: { flags: [], source: importing },
  compiling: { flags: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'], source: compiling },
} as const;
type Way = keyof typeof ways;

/** Loads every function's bundle, and a module with nothing in it beside them, in turn. */
export async function measureColdImports(folder: string): Promise<readonly ColdImport[]> {
  const bundles = join(folder, 'functions');
  const nothing = { name: nothingName, bytes: 0, file: join(folder, 'nothing.mjs') };
  await mkdir(folder, { recursive: true });
  await writeFile(nothing.file, 'export const handler = undefined;\n');
  const bundled = await bundleFunctions({ outdir: bundles });
  const modules = [nothing, ...bundled.map((each) => ({ ...each, file: join(bundles, each.name, 'index.mjs') }))];

  const samples = modules.map((): Record<Way, number[]> => ({ asInLambda: [], withoutSourceMap: [], compiling: [] }));
  for (let round = 1; round <= COLD_IMPORTS; round += 1) {
    process.stderr.write(`  Cold import · round ${round}\n`);
    for (const [index, { file }] of modules.entries()) {
      for (const way of Object.keys(ways) as Way[]) samples[index]?.[way].push(await loadOnce(way, file));
    }
  }
  return modules.map(({ name, bytes }, index) => {
    const medianOf = (way: Way): number => median(samples[index]?.[way] ?? []);
    return {
      name,
      bytes,
      asInLambda: medianOf('asInLambda'),
      fastest: Math.min(...(samples[index]?.asInLambda ?? [])),
      withoutSourceMap: medianOf('withoutSourceMap'),
      compiling: medianOf('compiling'),
    };
  });
}

async function loadOnce(way: Way, file: string): Promise<number> {
  const { flags, source } = ways[way];
  const command = [...flags, '--input-type=module', '--eval', source(file)];
  const { stdout } = await promisify(execFile)(process.execPath, command, { env: environment, timeout: 20_000 });
  return Number(stdout);
}
