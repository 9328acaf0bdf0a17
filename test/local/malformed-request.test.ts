import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startGateway } from '../../infra/local/gateway.ts';
import { startEmbeddedHere, type TestRuntime } from '../support/embedded.ts';
import { busyMachineMs } from '../support/until.ts';

let runtime: TestRuntime;
beforeAll(async () => {
  runtime = await startEmbeddedHere({ assemblyFolder: join(import.meta.dirname, 'fixtures/assembly'), seed: false });
});
afterAll(() => runtime?.stop());

/** What a server says to these bytes until it closes the connection, which every refusal must do. */
async function answerTo(bytes: string, port = Number(new URL(runtime.url).port)): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text;
  });
  socket.write(bytes, 'latin1');
  await once(socket, 'close');
  return answer;
}

const post = 'POST /items HTTP/1.1\r\nHost: florin\r\n';
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: florin\r\n\r\n';

/** Requests on which two readers may disagree where they end or what they say, so that one of them would see a second request. */
const ambiguous: readonly (readonly [string, string])[] = [
  ['both lengths', `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
  ['both lengths, the other way round', `${post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`],
  ['two lengths', `${post}Content-Length: 0\r\nContent-Length: 5\r\n\r\nabcde${smuggled}`],
  ['a list of lengths', `${post}Content-Length: 5, 5\r\n\r\nabcde`],
  ['a negative length', `${post}Content-Length: -1\r\n\r\n${smuggled}`],
  ['a length with a sign', `${post}Content-Length: +5\r\n\r\nabcde`],
  ['a length in hexadecimal', `${post}Content-Length: 0x5\r\n\r\nabcde`],
  ['a coding after chunked', `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`],
  ['a space before the colon', `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`],
  ['a folded header', `${post}X-One: a\r\n Content-Length: 5\r\n\r\n`],
  ['a bare line feed between headers', 'GET /items/1 HTTP/1.1\nHost: florin\n\n'],
  ['a carriage return in a value', `${post}X-One: a\rContent-Length: 5\r\n\r\n`],
  ['NUL in a value', `${post}X-One: a\0b\r\n\r\n`],
  ['NUL in the path', 'GET /items/\0 HTTP/1.1\r\nHost: florin\r\n\r\n'],
  ['a chunk size that is none', `${post}Transfer-Encoding: chunked\r\n\r\n5;\nabcde\r\n0\r\n\r\n`],
  ['a chunk that is longer than it says', `${post}Transfer-Encoding: chunked\r\n\r\n2\r\nabcde\r\n0\r\n\r\n`],
  ['no host', 'GET /items/1 HTTP/1.1\r\n\r\n'],
  ['two hosts', 'GET /items/1 HTTP/1.1\r\nHost: one\r\nHost: two\r\n\r\n'],
  ['another protocol', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['no HTTP at all', '\x16\x03\x01\x02\x00\x01'],
];

describe('a request that is not HTTP', () => {
  it.each(ambiguous)('is refused, and the connection closed: %s', async (_, bytes) => {
    const answer = await answerTo(bytes);
    expect(answer.split('\r\n', 1)[0]).toBe('HTTP/1.1 400 Bad Request');
    // One answer, so nothing behind it was taken for a request.
    expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
    expect(answer).not.toContain('smuggled');
    const [head, body] = answer.split('\r\n\r\n') as [string, string];
    expect(head.toLowerCase()).toContain('content-type: application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ code: 'invalid_request', status: 400 });
  });

  it('is told so by a problem document', async () => {
    const [head, body] = (await answerTo(`${post}Content-Length: x\r\n\r\n`)).split('\r\n\r\n') as [string, string];
    expect(head).toContain('Content-Type: application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ code: 'invalid_request', status: 400 });
  });
});

describe('what follows a request and is none', () => {
  const sent = `${post}Content-Length: 2\r\n\r\n{}`;

  // Who were told of a 400 would believe that nothing has happened, and it has.
  it.each([
    ['bytes beyond its length', `${sent}xxxxx`],
    ['a request that is malformed', `${sent}GET /items/1 HTTP/1.1\r\nNo colon\r\n\r\n`],
  ])('does not take the answer of the request away: %s', async (_, bytes) => {
    const answer = await answerTo(bytes);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
    expect(JSON.parse(answer.split('\r\n\r\n')[1] as string)).toMatchObject({ event: { httpMethod: 'POST' } });
  });

  it('is refused where the request itself is not over', async () => {
    const answer = await answerTo(`${post}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nx\r\n`);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400']);
  });
});

describe('what this server does not do', () => {
  it.each([
    ['an expectation', 417, `GET /items/1 HTTP/1.1\r\nHost: florin\r\nExpect: a-miracle\r\n\r\n`],
    ['a tunnel', 400, 'CONNECT florin:443 HTTP/1.1\r\nHost: florin\r\n\r\n'],
    ['HTTP of before 1.0', 400, 'GET /items/1\r\n\r\n'],
  ])('is refused with a problem: %s', async (_, status, bytes) => {
    const [head, body] = (await answerTo(bytes)).split('\r\n\r\n') as [string, string];
    expect(head).toContain(`HTTP/1.1 ${status} `);
    expect(head.toLowerCase()).toContain('content-type: application/problem+json');
    expect(head.toLowerCase()).toContain('x-content-type-options: nosniff');
    expect(JSON.parse(body)).toMatchObject({ code: 'invalid_request', status });
  });
});

describe('a flood of headers', () => {
  it.each([
    ['a long one', `X-Long: ${'x'.repeat(11_000)}\r\n`],
    ['many short ones', 'a:b\r\n'.repeat(6_000)],
    ['a long path', ''],
  ])('is answered with 431: %s', async (name, headers) => {
    const path = name === 'a long path' ? `/items/${'x'.repeat(11_000)}` : '/items/1';
    const [head, body] = (await answerTo(`GET ${path} HTTP/1.1\r\nHost: florin\r\n${headers}\r\n`)).split(
      '\r\n\r\n',
    ) as [string, string];
    expect(head).toContain('HTTP/1.1 431 Request Header Fields Too Large');
    expect(JSON.parse(body)).toMatchObject({ code: 'headers_too_large', status: 431 });
  });

  it('below that loses none', async () => {
    const headers = Array.from({ length: 900 }, (_, index) => `a${index}: b`).join('\r\n');
    const answer = await answerTo(`GET /items/1 HTTP/1.1\r\nHost: florin\r\n${headers}\r\nConnection: close\r\n\r\n`);
    expect(answer).toContain('HTTP/1.1 200 OK');
    for (const name of ['a0', 'a899']) expect(answer).toContain(`"${name}":"b"`);
  });
});

describe('a request that is not finished', () => {
  it('is given up after a while, with 408', async () => {
    const api = { id: 'x', stage: 'x', methods: [], gatewayResponses: new Map(), binaryMediaTypes: [] };
    const gateway = await startGateway({
      api,
      functions: new Map(),
      port: 0,
      slowestHeadersMs: 200,
      failed: (message) => {
        throw new Error(message);
      },
    });
    try {
      const startedAt = Date.now();
      const answer = await answerTo('GET /items/1 HTTP/1.1\r\nHost: florin\r\nX-Slow: ', gateway.port);
      expect(answer).toContain('HTTP/1.1 408 Request Timeout');
      expect(Date.now() - startedAt).toBeLessThan(busyMachineMs);
    } finally {
      await gateway.stop(0);
    }
  });
});

describe('a header that asks for another method', () => {
  it.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])('is not obeyed: %s', async (name) => {
    const answer = await fetch(`${runtime.url}/items`, { method: 'POST', headers: { [name]: 'DELETE' }, body: '{}' });
    expect(await answer.json()).toMatchObject({ event: { httpMethod: 'POST' } });
  });
});
