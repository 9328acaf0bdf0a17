import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { areas } from '../../infra/areas.ts';
import { type BundledFunction, bundleFunctions } from '../../infra/bundle.ts';

/** Cold starts grow with what must be read and compiled. */
const LARGEST_BUNDLE_BYTES = 800 * 1024;

let outdir: string;
let bundled: readonly BundledFunction[];
beforeAll(async () => {
  outdir = await mkdtemp(path.join(tmpdir(), 'florin-bundles-'));
  bundled = await bundleFunctions({ outdir });
}, 60_000);
afterAll(async () => {
  await rm(outdir, { recursive: true, force: true });
});

async function sourcesOf(name: string): Promise<string[]> {
  return JSON.parse(await readFile(path.join(outdir, name, 'index.mjs.map'), 'utf8')).sources;
}

describe('the bundles of the project', () => {
  it('are those that the stack deploys', () => {
    expect(bundled.map(({ name }) => name).sort()).toEqual(Object.keys(areas).sort());
  });

  it('stay small', () => {
    expect(bundled.filter(({ bytes }) => bytes > LARGEST_BUNDLE_BYTES)).toEqual([]);
  });

  it.each(Object.keys(areas))('%s has what it runs and not what builds it', async (name) => {
    const sources = await sourcesOf(name);
    expect(sources).toContainEqual(expect.stringMatching(new RegExp(`functions/${name}/index\\.ts$`)));
    expect(sources.filter((source) => /zod-openapi|aws-cdk|\/infra\/|\/test\//.test(source))).toEqual([]);
  });

  it('give the documents function no access to tables', async () => {
    expect((await sourcesOf('documents')).filter((source) => /@aws-sdk|lib\/dynamodb/.test(source))).toEqual([]);
  });

  it('carry the OpenAPI document and all that the API reference page asks for', async () => {
    const folder = path.join(outdir, 'documents');
    expect(JSON.parse(await readFile(path.join(folder, 'openapi.json'), 'utf8'))).toMatchObject({
      openapi: expect.stringMatching(/^3\.1\./),
      paths: { '/v1/transfers': { post: { operationId: 'createTransfer' } } },
    });
    const page = await readFile(path.join(folder, 'docs', 'index.html'), 'utf8');
    const asked = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => String(link));
    expect(asked).toContain('docs/swagger-ui-bundle.js');
    expect(await readdir(folder, { recursive: true })).toEqual(expect.arrayContaining(asked));
  });
});
