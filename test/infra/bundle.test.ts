import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bundleFunctions } from '../../infra/bundle.ts';
import { runNode } from './run-node.ts';

const fixtures = path.join(import.meta.dirname, 'fixtures', 'functions');

let outdir: string;
beforeEach(async () => {
  outdir = await mkdtemp(path.join(tmpdir(), 'florin-bundles-'));
});
afterEach(async () => {
  await rm(outdir, { recursive: true, force: true });
});

/** Every file below a folder with its contents. */
async function contentsOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  const read = files.sort().map(async (file) => [path.relative(folder, file), await readFile(file, 'latin1')]);
  return Object.fromEntries(await Promise.all(read));
}

/** What a bundle's handler answers, or how it fails, in a plain Node process outside the project. */
function invoke(event: unknown): Promise<string> {
  const bundle = pathToFileURL(path.join(outdir, 'greetings', 'index.mjs')).href;
  return runNode(
    `const { handler } = await import(${JSON.stringify(bundle)});
     console.log(await handler(${JSON.stringify(event)}).then(JSON.stringify, (error) => error.constructor.name + error.stack));`,
  );
}

describe('bundleFunctions', () => {
  it('makes one folder for each area and each worker, and none for anything else', async () => {
    const bundled = await bundleFunctions({ functions: fixtures, outdir });

    expect(bundled.map(({ name }) => name).sort()).toEqual(['count-greetings', 'greetings']);
    expect(Object.keys(await contentsOf(outdir))).toEqual([
      'count-greetings/index.mjs',
      'count-greetings/index.mjs.map',
      'greetings/index.mjs',
      'greetings/index.mjs.map',
    ]);
  });

  it('puts all packages inside, the AWS SDK too', async () => {
    await bundleFunctions({ functions: fixtures, outdir });

    expect(JSON.parse(await invoke({ name: 'Ada' }))).toEqual({ greeting: 'Hello, Ada', client: 'DynamoDBClient' });
  });

  it('keeps names and, through the source map, positions in stack traces', async () => {
    await bundleFunctions({ functions: fixtures, outdir });

    const stack = await invoke({});

    expect(stack).toMatch(/^NobodyToGreet/);
    expect(stack).toMatch(/greetings\/index\.ts:11:/);
  });

  it('holds no copy of the sources', async () => {
    await bundleFunctions({ functions: fixtures, outdir });

    const map = JSON.parse(await readFile(path.join(outdir, 'greetings', 'index.mjs.map'), 'utf8'));
    expect(map.sources.length).toBeGreaterThan(100);
    expect(map.sourcesContent?.some((content: unknown) => content !== null) ?? false).toBe(false);
  });

  it('gives equal bytes for equal sources, wherever they are written', async () => {
    await bundleFunctions({ functions: fixtures, outdir: path.join(outdir, 'one') });
    await bundleFunctions({ functions: fixtures, outdir: path.join(outdir, 'deeper', 'two') });

    const one = await contentsOf(path.join(outdir, 'one'));
    expect(await contentsOf(path.join(outdir, 'deeper', 'two'))).toEqual(one);
  });

  it('leaves alone what would stay the same, for somebody may be reading it', async () => {
    await bundleFunctions({ functions: fixtures, outdir });
    const file = path.join(outdir, 'greetings', 'index.mjs');
    const before = await stat(file);
    await bundleFunctions({ functions: fixtures, outdir });
    expect(await stat(file)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
  });

  it('replaces what was changed, and takes away what is too much', async () => {
    await bundleFunctions({ functions: fixtures, outdir });
    const sound = await contentsOf(outdir);
    await writeFile(path.join(outdir, 'greetings', 'index.mjs'), 'damaged');
    await bundleFunctions({ functions: fixtures, outdir });
    expect(await contentsOf(outdir)).toEqual(sound);
    await writeFile(path.join(outdir, 'greetings', 'more.mjs'), 'too much');
    await bundleFunctions({ functions: fixtures, outdir });
    expect(await contentsOf(outdir)).toEqual(sound);
  });

  it('replaces what was there before', async () => {
    await mkdir(path.join(outdir, 'removed-area'));
    await writeFile(path.join(outdir, 'removed-area', 'index.mjs'), '');

    await bundleFunctions({ functions: fixtures, outdir });

    expect(await readdir(outdir)).toEqual(['count-greetings', 'greetings']);
  });

  it('leaves what was there when something cannot be built, and names the file', async () => {
    await bundleFunctions({ functions: fixtures, outdir: path.join(outdir, 'bundles') });
    const before = await contentsOf(path.join(outdir, 'bundles'));
    const broken = path.join(outdir, 'functions');
    await mkdir(path.join(broken, 'greetings'), { recursive: true });
    await writeFile(path.join(broken, 'greetings', 'index.ts'), 'export const handler = ;');

    const rejected = bundleFunctions({ functions: broken, outdir: path.join(outdir, 'bundles') });

    await expect(rejected).rejects.toThrow(/greetings\/index\.ts:1:/);
    expect(await contentsOf(path.join(outdir, 'bundles'))).toEqual(before);
  });

  it('notices when an SDK no longer has the form that lets its unused schemas fall away', async () => {
    const functions = path.join(outdir, 'functions');
    const schemas = 'node_modules/@aws-sdk/client-ssm/dist-es/schemas/schemas_0.js';
    await mkdir(path.join(functions, 'flags', path.dirname(schemas)), { recursive: true });
    await writeFile(path.join(functions, 'flags', 'index.ts'), `export { GetParameter } from './${schemas}';`);
    await writeFile(path.join(functions, 'flags', schemas), 'export var GetParameter = [1];\n');

    await expect(bundleFunctions({ functions, outdir: path.join(outdir, 'bundles') })).rejects.toThrow(
      /schemas_0\.js has nothing like .*registerError/,
    );
  });

  it('refuses a folder without functions', async () => {
    await expect(bundleFunctions({ functions: outdir, outdir })).rejects.toThrow('There is no function in');
  });

  it('refuses two functions of one name', async () => {
    const twice = path.join(outdir, 'functions');
    await mkdir(path.join(twice, 'greetings'), { recursive: true });
    await mkdir(path.join(twice, 'workers'));
    await writeFile(path.join(twice, 'greetings', 'index.ts'), '');
    await writeFile(path.join(twice, 'workers', 'greetings.ts'), '');

    await expect(bundleFunctions({ functions: twice, outdir })).rejects.toThrow('Two functions are named greetings');
  });
});
