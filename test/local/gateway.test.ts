import { once } from 'node:events';
import { type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEmbeddedHere, type TestRuntime } from '../support/embedded.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  // What the fixture answers is checked field by field, so its shape need not be declared.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly json: any;
}

let runtime: TestRuntime;

async function call(path: string, options: RequestOptions = {}, body?: string | Buffer): Promise<Answer> {
  const outgoing = request(`${runtime.url}${path}`, options);
  outgoing.end(body);
  const [answer] = await once(outgoing, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of answer) {
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const text = (answer.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
  const json = /json/.test(answer.headers['content-type'] ?? '') ? JSON.parse(text) : undefined;
  return { status: answer.statusCode, headers: answer.headers, bytes, json };
}

beforeAll(async () => {
  runtime = await startEmbeddedHere({ assemblyFolder: join(import.meta.dirname, 'fixtures/assembly'), seed: false });
});

afterAll(() => runtime?.stop());

describe('the event', () => {
  it('is a proxy event of format 1.0, with the path variable still encoded', async () => {
    const { json } = await call('/items/a%2Fb?tag=1&tag=2&x=%C3%A9', { headers: { 'X-Trace': ['one', 'two'] } });
    expect(json.event).toMatchObject({
      resource: '/items/{itemId}',
      path: '/items/a%2Fb',
      httpMethod: 'GET',
      pathParameters: { itemId: 'a%2Fb' },
      queryStringParameters: { tag: '2', x: 'é' },
      multiValueQueryStringParameters: { tag: ['1', '2'], x: ['é'] },
      body: null,
      isBase64Encoded: false,
      requestContext: {
        stage: 'dev',
        resourcePath: '/items/{itemId}',
        path: '/items/a%2Fb',
        identity: { sourceIp: '127.0.0.1' },
      },
    });
    expect(json.event.headers['X-Trace']).toBe('two');
    expect(json.event.multiValueHeaders['X-Trace']).toEqual(['one', 'two']);
  });

  it('carries a header and a query parameter named __proto__ as plain values', async () => {
    const { json } = await call('/items/1?__proto__=2');
    expect(Object.entries(json.event.queryStringParameters)).toEqual([['__proto__', '2']]);
  });

  it('prefers a literal segment to a variable, and ignores a trailing slash', async () => {
    expect((await call('/items/latest/')).json.event.resource).toBe('/items/latest');
    expect((await call('/')).json.event.resource).toBe('/');
    expect((await call('/files/a/b/c', { method: 'DELETE' })).json.event).toMatchObject({
      resource: '/files/{path+}',
      pathParameters: { path: 'a/b/c' },
    });
  });

  it('carries a body as text, and a compressed one decoded', async () => {
    const plain = await call('/items', { method: 'POST' }, '{"größe":1}');
    expect(plain.json.event.body).toBe('{"größe":1}');
    const options = { method: 'POST', headers: { 'content-encoding': 'gzip' } };
    const packed = await call('/items', options, gzipSync('{"größe":1}'));
    expect(packed.json.event.body).toBe('{"größe":1}');
    expect(packed.json.event.headers).not.toHaveProperty('content-encoding');
  });
});

describe('the environment of a function', () => {
  it("is the template's and Lambda's, and nothing of ours", async () => {
    process.env.SECRET_OF_THE_SHELL = 'must not leak';
    const { json } = await call('/items/1');
    expect(json.environment).toMatchObject({
      THINGS_TABLE: 'Store-Things',
      GREETING: 'hello from Front',
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'Front-EchoFunction',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      _HANDLER: 'index.echo',
      AWS_ENDPOINT_URL_DYNAMODB: runtime.dynamodbEndpoint,
    });
    expect(json.environment.AWS_LAMBDA_MAX_CONCURRENCY).toMatch(/^\d+$/);
    expect(json.environment).not.toHaveProperty('SECRET_OF_THE_SHELL');
    expect(json.environment).not.toHaveProperty('PATH');
    expect(json.remainingMs).toBeGreaterThan(0);
    expect(json.remainingMs).toBeLessThanOrEqual(3_000);
  });
});

describe('the answer', () => {
  it('has repeated headers, and a renamed WWW-Authenticate', async () => {
    const { headers } = await call('/items/1');
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(headers['x-amzn-remapped-www-authenticate']).toBe('Bearer');
    expect(headers).not.toHaveProperty('www-authenticate');
  });

  it('is decoded from base64', async () => {
    expect((await call('/items/1?base64=yes')).json.event.resource).toBe('/items/{itemId}');
  });

  it('is compressed from the minimum size on, for clients that accept it', async () => {
    const accepts = { headers: { 'accept-encoding': 'br, gzip;q=0.5' } };
    const large = await call('/items/1?padding=20000', accepts);
    expect(large.headers['content-encoding']).toBe('gzip');
    expect(large.bytes.length).toBeLessThan(5_000);
    expect(large.json.padding).toHaveLength(20_000);
    expect((await call('/items/1?padding=20000')).headers).not.toHaveProperty('content-encoding');
    const refuses = { headers: { 'accept-encoding': 'gzip;q=0' } };
    expect((await call('/items/1?padding=20000', refuses)).headers).not.toHaveProperty('content-encoding');
  });

  it("comes from the template's mock integration for a preflight", async () => {
    const { status, headers } = await call('/items', { method: 'OPTIONS' });
    expect(status).toBe(204);
    expect(headers['access-control-allow-methods']).toBe('POST');
  });
});

describe("the gateway's own answers", () => {
  it.each([
    ['an unknown path', '/nowhere', 'GET'],
    ['an unknown method', '/items/latest', 'PUT'],
    ['an empty path variable', '/items//', 'GET'],
  ])('are not_found for %s', async (_, path, method) => {
    const { status, json, headers } = await call(path, { method });
    expect(status).toBe(404);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(json).toEqual({ code: 'not_found', instance: path, requestId: headers['x-amzn-requestid'] });
  });

  it('do not let a path break out of the template', async () => {
    // Node's own client refuses to send such a path unencoded, a raw one would not.
    expect((await call('/%22nowhere')).json.instance).toBe('/%22nowhere');
  });

  it('are too_large for a body over 10 MB, also for one that only grows so when it is decoded', async () => {
    const large = Buffer.alloc(10 * 1_024 * 1_024 + 1);
    expect((await call('/items', { method: 'POST' }, large)).status).toBe(413);
    const packed = { method: 'POST', headers: { 'content-encoding': 'gzip' } };
    expect((await call('/items', packed, gzipSync(large))).json).toMatchObject({ code: 'too_large' });
  });

  it('refuse a body that is not in the encoding it claims, and an unknown encoding', async () => {
    const bad = { method: 'POST', headers: { 'content-encoding': 'gzip' } };
    expect((await call('/items', bad, 'plain')).status).toBe(400);
    const unknown = { method: 'POST', headers: { 'content-encoding': 'zip' } };
    expect((await call('/items', unknown, 'x')).json.code).toBe('bad_request');
  });

  it.each(['/items/1?throw=1', '/items/1?malformed=1', '/missing', '/crash?how=exit', '/crash?how=throw'])(
    'are a failure for %s',
    async (path) => {
      expect(await call(path)).toMatchObject({ status: 503, json: { code: 'failed' } });
    },
  );
});
