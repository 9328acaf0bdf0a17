import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Area } from '../../infra/areas.ts';
import { type BundledFunction, bundleFunctions } from '../../infra/bundle.ts';
import type { Worker } from '../../infra/workers.ts';
import { functionNames, needsOf, obeysFlags, wakingOf } from './function-list.ts';

/**
 * Cold starts grow with what must be read and compiled, if not much: importing 480 KB took 75 ms where 635 KB took 84. The largest are the
 * areas that replay answers and send messages, and all of them have 26 KB to verify tokens (jose is 18), beside what looks up keys
 * and allowances. What is above 700 KB (of 1,000 bytes) has got something in that it does not need.
 */
const LARGEST_BUNDLE_BYTES = 700_000;

/** The SDK's clients that a function has a use for; it has no others. */
function clientsOf(name: Area | Worker): string[] {
  const { ledger, platform, replays, secrets, sendsTo, publishes } = needsOf(name);
  return [
    ...(ledger || platform || replays ? ['client-dynamodb'] : []),
    ...(secrets ? ['client-kms'] : []),
    ...(publishes ? ['client-sns'] : []),
    // Also whoever is woken by a queue: it puts off the return of what has failed.
    ...(sendsTo || wakingOf(name)?.by === 'queue' ? ['client-sqs'] : []),
    ...(obeysFlags(name) ? ['client-ssm'] : []),
  ];
}

/** What whoever builds may have in his environment, and what is to be found nowhere. */
const ownCredentials = {
  AWS_SECRET_ACCESS_KEY: 'cAnArY7Qx/secret',
  AWS_SESSION_TOKEN: 'cAnArY7Qx/session',
  FLORIN_API_KEY: 'flk_dev_cAnArY7Qx',
  NPM_TOKEN: 'npm_cAnArY7Qx',
};

let outdir: string;
let bundled: readonly BundledFunction[];
beforeAll(async () => {
  outdir = await mkdtemp(path.join(tmpdir(), 'florin-bundles-'));
  const before = { ...process.env };
  Object.assign(process.env, ownCredentials);
  try {
    bundled = await bundleFunctions({ outdir });
  } finally {
    for (const name of Object.keys(ownCredentials)) delete process.env[name];
    Object.assign(process.env, before);
  }
});
afterAll(async () => {
  await rm(outdir, { recursive: true, force: true });
});

async function sourcesOf(name: string): Promise<string[]> {
  return JSON.parse(await readFile(path.join(outdir, name, 'index.mjs.map'), 'utf8')).sources;
}

describe('the bundles of the project', () => {
  it('are those that the stack deploys', () => {
    expect(bundled.map(({ name }) => name).sort()).toEqual(functionNames.toSorted());
  });

  it('stay small', () => {
    expect(bundled.filter(({ bytes }) => bytes > LARGEST_BUNDLE_BYTES)).toEqual([]);
  });

  it('have no credentials in them, neither of who builds nor any other', async () => {
    const credential = /cAnArY7Qx|\bAKIA[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----\\?n?[A-Za-z0-9+/]{40}/;
    const files = (await readdir(outdir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(functionNames.length);
    const found: string[] = [];
    for (const { parentPath, name } of files) {
      const file = path.join(parentPath, name);
      if (credential.test(await readFile(file, 'utf8'))) found.push(path.relative(outdir, file));
    }
    expect(found).toEqual([]);
  });

  it.each(functionNames)('%s has what it runs and not what builds it', async (name) => {
    const sources = await sourcesOf(name);
    expect(sources).toContainEqual(
      expect.stringMatching(new RegExp(`functions/(${name}/index|workers/${name})\\.ts$`)),
    );
    expect(sources.filter((source) => /zod-openapi|aws-cdk|\/infra\/|\/test\//.test(source))).toEqual([]);
  });

  it.each(functionNames)('%s has only the clients that it uses, and of each package one version', async (name) => {
    const sources = await sourcesOf(name);
    // The last one, where a package is nested in another.
    const packages = new Set(sources.map((source) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(source)?.[0] ?? ''));
    const names = [...packages].filter(Boolean).map((folder) => folder.replace(/^.*node_modules\//, ''));
    expect(names.filter((each) => /^aws-sdk$|^@aws-sdk\/(client-|nested-clients)/.test(each)).sort()).toEqual(
      clientsOf(name).map((client) => `@aws-sdk/${client}`),
    );
    expect(names.filter((each, index) => names.indexOf(each) !== index)).toEqual([]);
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
