/** Bundles all functions. `node infra/bundle.ts` writes them where the stacks and the embedded runtime find them. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type BuildOptions, build, stop } from 'esbuild';
import { bundleFolder } from './bundle-folder.ts';
import { dropUnusedSchemas, standIns } from './bundle-reductions.ts';
import { documentFiles } from './document-files.ts';

const projectFolder = path.join(import.meta.dirname, '..');

/** The function that carries the OpenAPI document and the API reference beside its code. */
const DOCUMENTS = 'documents';

export interface BundleOptions {
  /** The folder with one folder for each area; by default the project's `functions/`. */
  readonly functions?: string;
  /** Where to write; whatever is there is replaced, but only once everything has been built. */
  readonly outdir?: string;
}

/** One file of a function, as written below the output folder. */
interface BundledFile {
  readonly path: string;
  readonly contents: Uint8Array | string;
}

/** A bundled function: its name, which is its folder's too, and the size of its code. */
export interface BundledFunction {
  readonly name: string;
  readonly bytes: number;
}

/**
 * Bundles every function into `<outdir>/<function>/index.mjs` with its source map, and adds to the documents function the files it serves.
 * Equal sources give equal bytes. If anything cannot be built, or nothing would change, what was there stays untouched.
 * @throws esbuild's `BuildFailure`, which names file and line.
 */
export async function bundleFunctions(options: BundleOptions = {}): Promise<BundledFunction[]> {
  const { functions = path.join(projectFolder, 'functions'), outdir = bundleFolder } = options;
  const entries = await entryPoints(functions);
  const [code, documents] = await Promise.all([
    bundleCode(entries),
    DOCUMENTS in entries ? documentFiles(path.join(functions, DOCUMENTS, 'assets')) : [],
  ]);
  const files = [...code, ...documents.map((file) => ({ ...file, path: path.join(DOCUMENTS, file.path) }))];
  if (!(await isWritten(outdir, files))) {
    await rm(outdir, { recursive: true, force: true });
    await writeFiles(outdir, files);
  }
  return code
    .filter((file) => file.path.endsWith('.mjs'))
    .map((file) => ({ name: path.dirname(file.path), bytes: file.contents.length }));
}

/** Maps the name of each function to its entry: an area's index, or a worker's own file. */
async function entryPoints(functions: string): Promise<Record<string, string>> {
  const files = (await readdir(functions, { recursive: true })).map((file) => file.split(path.sep).join('/')).sort();
  const entries: Record<string, string> = {};
  for (const file of files) {
    const name = /^([^/]+)\/index\.ts$/.exec(file)?.[1] ?? /^workers\/([^/]+)\.ts$/.exec(file)?.[1];
    if (name === undefined) continue;
    if (name in entries) throw new Error(`Two functions are named ${name}: ${entries[name]} and ${file}`);
    entries[name] = path.join(functions, file);
  }
  if (Object.keys(entries).length === 0) throw new Error(`There is no function in ${functions}`);
  return entries;
}

/**
 * One call for all functions, so that what they share is parsed once. Each bundle stands alone (no shared chunks): a function's code
 * then changes only when something it uses does.
 */
async function bundleCode(entries: Readonly<Record<string, string>>): Promise<BundledFile[]> {
  const options = {
    absWorkingDir: projectFolder,
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, file]) => [`${name}/index`, file])),
    // Not where the files are written: source maps hold paths relative to it, and must not depend on the output folder.
    outdir: bundleFolder,
    write: false,
    bundle: true,
    splitting: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    // The ES modules of the packages, which unlike their CommonJS builds lose what is not used.
    mainFields: ['module', 'main'],
    alias: { ...standIns },
    plugins: [dropUnusedSchemas],
    // CommonJS packages call require for Node's own modules, which ES modules do not have.
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
    minify: true,
    // Errors and schemas are told apart by their names.
    keepNames: true,
    // Positions in stack traces, without a second copy of the sources.
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'silent',
  } satisfies BuildOptions;
  try {
    const { outputFiles } = await build(options);
    return outputFiles.map((file) => ({ path: path.relative(bundleFolder, file.path), contents: file.contents }));
  } finally {
    // esbuild keeps a process of its own for the next call, which for the embedded runtime never comes.
    await stop();
  }
}

/** Whether the folder has these files, byte for byte, and no others. Whoever is reading them then need not be disturbed. */
async function isWritten(outdir: string, files: readonly BundledFile[]): Promise<boolean> {
  try {
    const there = (await readdir(outdir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    if (there.length !== files.length) return false;
    for (const file of files) {
      if (!(await readFile(path.join(outdir, file.path))).equals(Buffer.from(file.contents))) return false;
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function writeFiles(outdir: string, files: readonly BundledFile[]): Promise<void> {
  for (const file of files) {
    const target = path.join(outdir, file.path);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, file.contents);
  }
}

if (import.meta.main) {
  const started = performance.now();
  const bundled = await bundleFunctions();
  for (const { name, bytes } of bundled) console.log(`${name}: ${Math.ceil(bytes / 1_000)} KB`);
  console.log(`Bundled ${bundled.length} functions in ${Math.round(performance.now() - started)} ms.`);
}
