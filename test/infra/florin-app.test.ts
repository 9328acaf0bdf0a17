import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildApp } from '../../infra/florin-app.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'florin-app-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('buildApp', () => {
  it('says what to do when there are no bundles', () => {
    expect(() => buildApp({ bundles: folder, outdir: folder })).toThrow(/no bundle in .*Run "npm run build" first/);
  });

  it.each(['Prod', 'my-stage', '1st', 'test-invoke-stage', '', 7])('refuses the stage %j', (stage) => {
    expect(() => buildApp({ bundles: folder, outdir: folder, context: { stage } })).toThrow('stage must match');
  });
});
