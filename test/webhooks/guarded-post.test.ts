import { createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Resolve } from '../../lib/webhooks/guarded-lookup.ts';
import { GuardedPost, type GuardedPostOptions } from '../../lib/webhooks/guarded-post.ts';
import { certificate, type Receiver, startReceiver, status } from './receiver.ts';

let http: Receiver;
let https: Receiver;
let ca: string;
beforeAll(async () => {
  ca = await certificate('receiver');
  http = await startReceiver();
  https = await startReceiver({ https: true });
});
afterEach(() => {
  for (const receiver of [http, https]) {
    receiver.requests.length = 0;
    receiver.answering = status(200);
  }
});
afterAll(() => Promise.all([http.stop(), https.stop()]));

const post = (url: string, options: Partial<GuardedPostOptions> = {}) =>
  new GuardedPost({ rule: 'any', ...options }).send({ url, headers: { 'webhook-id': 'evt_1' }, body: '{"a":"ä"}' });

/** A resolver that answers each question with the next of its answers. */
function resolving(...answers: readonly (readonly string[])[]): Resolve & { questions: string[] } {
  const questions: string[] = [];
  const resolve = async (host: string) => {
    const addresses = answers[Math.min(questions.length, answers.length - 1)] ?? [];
    questions.push(host);
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  return Object.assign(resolve, { questions });
}

const publicUrl = () => https.url.replace('127.0.0.1', 'receiver.test');

describe('GuardedPost', () => {
  it('sends headers and body, and tells status and beginning of the answer', async () => {
    http.answering = (response) => response.writeHead(202, { 'Retry-After': '7' }).end('thanks\u0007, got it');
    expect(await post(http.url)).toEqual({
      kind: 'answered',
      status: 202,
      latencyMs: expect.any(Number),
      excerpt: 'thanks\ufffd, got it',
      retryAfter: '7',
    });
    expect(http.requests).toMatchObject([
      { path: '/hook', body: '{"a":"ä"}', headers: { 'webhook-id': 'evt_1', 'content-length': '10' } },
    ]);
  });

  it('speaks TLS and verifies the certificate', async () => {
    expect(await post(https.url, { ca })).toMatchObject({ kind: 'answered', status: 200 });
    expect(await post(https.url)).toMatchObject({ kind: 'unanswered', failure: 'tls_failure' });
    expect(https.requests).toHaveLength(1);
  });

  it('verifies that the certificate is of the name in the URL', async () => {
    const wrong = https.url.replace('127.0.0.1', 'other.test');
    const anywhere = { rule: 'public', resolve: resolving(['127.0.0.1']), mayConnectTo: () => true } as const;
    expect(await post(wrong, { ca, ...anywhere })).toMatchObject({ kind: 'unanswered', failure: 'tls_failure' });
    expect(https.requests).toEqual([]);
  });

  it('does not follow a redirect', async () => {
    http.answering = (response, { path }) =>
      response.writeHead(path === '/hook' ? 307 : 200, { Location: '/elsewhere' }).end();
    expect(await post(http.url)).toMatchObject({ kind: 'answered', status: 307 });
    expect(http.requests.map(({ path }) => path)).toEqual(['/hook']);
  });

  it('uses no proxy, whatever the environment says', async () => {
    const before = { ...process.env };
    const nowhere = 'http://127.0.0.1:9';
    Object.assign(process.env, {
      HTTP_PROXY: nowhere,
      http_proxy: nowhere,
      HTTPS_PROXY: nowhere,
      NODE_USE_ENV_PROXY: '1',
    });
    try {
      expect(await post(http.url)).toMatchObject({ kind: 'answered', status: 200 });
      expect(await post(https.url, { ca })).toMatchObject({ kind: 'answered', status: 200 });
    } finally {
      process.env = before;
    }
  });

  it('gives up when no answer comes', async () => {
    http.answering = () => {};
    expect(await post(http.url, { timeoutMs: 150 })).toMatchObject({ kind: 'unanswered', failure: 'timeout' });
  });

  it('gives up when headers trickle', async () => {
    const server = await rawServer((socket) => {
      const timer = setInterval(() => socket.write('X-Slow: 1\r\n'), 20);
      socket.on('close', () => clearInterval(timer));
      socket.write('HTTP/1.1 200 OK\r\n');
    });
    expect(await post(server.url, { timeoutMs: 200 })).toMatchObject({ kind: 'unanswered', failure: 'timeout' });
    await server.stop();
  });

  it('gives up when TLS does not come about', async () => {
    const server = await rawServer(() => {});
    const url = server.url.replace('http:', 'https:');
    expect(await post(url, { connectMs: 150 })).toMatchObject({ kind: 'unanswered', failure: 'connect_timeout' });
    await server.stop();
  });

  it('takes the status for the answer, however slow the body is', async () => {
    http.answering = (response) => {
      response.writeHead(200);
      response.write('begun');
    };
    expect(await post(http.url, { excerptMs: 500 })).toMatchObject({ kind: 'answered', status: 200, excerpt: 'begun' });
  });

  it('reads a kilobyte of a huge answer and hangs up', async () => {
    let sent = 0;
    const closed = Promise.withResolvers<void>();
    http.answering = (response) => {
      response.on('close', () => closed.resolve());
      response.writeHead(500);
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536))) sent += 65_536;
      };
      response.on('drain', more);
      more();
    };
    const outcome = await post(http.url);
    await closed.promise;
    expect(outcome).toMatchObject({ kind: 'answered', status: 500, excerpt: 'x'.repeat(1_024) });
    expect(sent).toBeLessThan(50_000_000);
  });

  it('tells a connection that breaks', async () => {
    http.answering = (response) => response.destroy();
    expect(await post(http.url)).toMatchObject({ kind: 'unanswered', failure: 'connection_failure' });
  });

  it('tells a port where nobody listens', async () => {
    const server = await rawServer(() => {});
    await server.stop();
    expect(await post(server.url)).toMatchObject({ kind: 'unanswered', failure: 'connection_failure' });
  });

  it('takes a receiver that switches protocols for one that does not answer', async () => {
    const server = await rawServer((socket) =>
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
      ),
    );
    expect(await post(server.url)).toMatchObject({ kind: 'unanswered' });
    await server.stop();
  });

  it('tells a name that leads nowhere', async () => {
    const resolve: Resolve = () => Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));
    expect(await post(publicUrl(), { rule: 'public', resolve })).toMatchObject({ failure: 'dns_failure' });
  });
});

describe('GuardedPost, to the public only', () => {
  const refused = { kind: 'unanswered', failure: 'address_refused' };

  it.each([
    ['a loopback address', ['127.0.0.1']],
    ['an IPv6 loopback address', ['::1']],
    ['the metadata of the cloud', ['169.254.169.254']],
    ['a public address beside a private one', ['93.184.216.34', '10.0.0.1']],
    ['a mapped address', ['::ffff:127.0.0.1']],
  ])('refuses a name that leads to %s', async (_name, addresses) => {
    expect(await post(publicUrl(), { rule: 'public', ca, resolve: resolving(addresses) })).toMatchObject(refused);
    expect(https.requests).toEqual([]);
  });

  it('refuses a literal address without asking anybody', async () => {
    const resolve = resolving(['93.184.216.34']);
    expect(await post(https.url, { rule: 'public', ca, resolve })).toMatchObject(refused);
    expect(await post('https://2130706433/', { rule: 'public', ca, resolve })).toMatchObject(refused);
    expect(resolve.questions).toEqual([]);
  });

  it('refuses http', async () => {
    expect(
      await post('http://receiver.test/', { rule: 'public', resolve: resolving(['93.184.216.34']) }),
    ).toMatchObject(refused);
  });

  it('connects to the very address that was checked, so that a name that leads elsewhere next gains nothing', async () => {
    const resolve = resolving(['127.0.0.1'], ['127.0.0.2'], ['127.0.0.1']);
    const mayConnectTo = (address: string) => address === '127.0.0.1';
    const client = new GuardedPost({ rule: 'public', ca, resolve, mayConnectTo });
    const request = { url: publicUrl(), headers: {}, body: '' };
    expect(await client.send(request)).toMatchObject({ kind: 'answered', status: 200 });
    expect(await client.send(request)).toMatchObject(refused);
    expect(await client.send(request)).toMatchObject({ kind: 'answered', status: 200 });
    // One question for each request: nobody asks again between check and connection.
    expect(resolve.questions).toEqual(['receiver.test', 'receiver.test', 'receiver.test']);
    expect(https.requests).toHaveLength(2);
  });

  it('asks the resolver of the system by default', async () => {
    expect(await post(https.url.replace('127.0.0.1', 'localhost'), { rule: 'public', ca })).toMatchObject(refused);
    expect(https.requests).toEqual([]);
  });
});

async function rawServer(connected: (socket: Socket) => void): Promise<{ url: string; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    connected(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    stop() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
