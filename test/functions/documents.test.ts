import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serveDocuments } from '../../functions/documents/serve-documents.ts';
import { buildOpenApiDocument } from '../../lib/http/openapi.ts';
import { recorder } from '../observability/recorder.ts';
import { type Call, callWith } from './api.ts';
import { lambdaContext, proxyEvent } from './proxy-event.ts';

let folder: string;
let call: Call;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'florin-documents-'));
  const docs = path.join(folder, 'docs');
  await mkdir(docs);
  await writeFile(path.join(folder, 'openapi.json'), '{"openapi":"3.1.0"}');
  await writeFile(path.join(folder, 'index.mjs'), 'code');
  await cp(path.join(import.meta.dirname, '../../functions/documents/assets'), docs, { recursive: true });
  const swaggerUi = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js'])
    await cp(path.join(swaggerUi, file), path.join(docs, file));
  call = callWith({ documents: serveDocuments(folder, recorder().instruments) });
});
afterAll(() => rm(folder, { recursive: true }));

describe('documents', () => {
  it('tells that it is there', async () => {
    expect(await call('GET', '/health?probe=1', undefined, { bare: true })).toMatchObject({
      status: 200,
      body: { status: 'ok' },
    });
  });

  it('serves the OpenAPI document, and 304 to who has it', async () => {
    const first = await call('GET', '/openapi.json', undefined, { bare: true });
    expect(first).toMatchObject({
      status: 200,
      body: { openapi: '3.1.0' },
      headers: { 'Content-Type': 'application/json' },
    });
    const headers = { 'If-None-Match': first.headers.ETag as string };
    expect(await call('GET', '/openapi.json', undefined, { bare: true, headers })).toMatchObject({
      status: 304,
      text: '',
    });
  });

  it('serves a page that is allowed to load all it refers to, and refers to nothing elsewhere', async () => {
    const page = await call('GET', '/docs', undefined, { bare: true });
    expect(page).toMatchObject({ status: 200, headers: { 'Content-Type': 'text/html; charset=utf-8' } });
    expect(page.headers['Content-Security-Policy']).toContain("script-src 'self'");
    expect(page.headers['Content-Security-Policy']).not.toContain('unsafe');
    expect(page.text).not.toMatch(/https?:|<script>|<style|onload=/);
    const files = [...page.text.matchAll(/(?:src|href)="(docs\/[^"]+)"/g)].map((match) => match[1] as string);
    expect(files).toHaveLength(4);
    for (const file of files) {
      const answer = await call('GET', `/${file}`, undefined, { bare: true });
      expect({ file, status: answer.status, type: answer.headers['Content-Type'] }).toEqual({
        file,
        status: 200,
        type: expect.stringMatching(/^(?:text\/(?:css|javascript)|image\/svg\+xml)/),
      });
      expect(answer.text.length).toBeGreaterThan(50);
    }
  });

  it('replaces the example of a key by a new one', async () => {
    const { text } = await call('GET', '/docs/swagger-initializer.js', undefined, { bare: true });
    const example = /exampleKey = '([^']+)'/.exec(text)?.[1];
    expect(JSON.stringify(buildOpenApiDocument())).toContain(`"example":"${example}"`);
  });

  it('sends /docs/ to /docs, where the links of the page lead to its files', async () => {
    const { event } = proxyEvent({ method: 'GET', path: '/docs' });
    event.requestContext = { ...event.requestContext, path: '/dev/docs/' };
    const result = await serveDocuments(folder, recorder().instruments)(event, lambdaContext());
    expect(result).toMatchObject({ statusCode: 308, headers: { Location: '/dev/docs' } });
  });

  it.each(['index.html', 'index.mjs', '..%2Findex.mjs', '..%2F..%2Fetc%2Fpasswd', 'swagger-ui.css%00', 'nothing.css'])(
    'does not serve %s',
    async (file) => {
      const answer = await call('GET', `/docs/${file}`, undefined, { bare: true });
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
    },
  );
});
