import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pauseBefore, retryAfterMs } from '../../cli/api/retry.ts';
import { type CommandResult, florin, saidKey } from './florin-process.ts';

/** What a server does with one request. */
type Behaviour = (response: ServerResponse, request: IncomingMessage) => void;

const apiKey = 'flk_secret_0123456789';
const args = ['transfer', 'alice', 'bob', 'USD/2', '10.50'];

const posted = {
  id: 'tx_abc',
  status: 'posted',
  type: 'transfer',
  postings: [{ source: 'alice', destination: 'bob', asset: 'USD/2', amount: '1050' }],
  entries: [{ account: 'alice', asset: 'USD/2', sequence: '2', amount: '-1050', balanceAfter: '8950' }],
  createdAt: '2026-11-21T10:00:00.000Z',
};

function answer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Behaviour {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return (response) => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
}

function problem(status: number, code: string, headers: Readonly<Record<string, string>> = {}): Behaviour {
  return answer(status, { code, title: code, detail: `It was ${code}.`, status }, headers);
}

const done = answer(201, posted);
const cut: Behaviour = (_, request) => request.socket.destroy();
const cutInTheMiddle: Behaviour = (response, request) => {
  response.writeHead(201, { 'content-length': '1000' });
  response.write('{"id":', () => request.socket.destroy());
};

let server: Server;
let url: string;
let behaviours: Behaviour[];
let requests: {
  readonly key: unknown;
  readonly authorization: unknown;
  readonly agent: unknown;
  readonly body: string;
  readonly at: number;
}[];

beforeEach(async () => {
  requests = [];
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { 'idempotency-key': key, authorization, 'user-agent': agent } = request.headers;
    requests.push({ key, authorization, agent, body, at: performance.now() });
    // The last behaviour stays.
    const behaviour = behaviours.length > 1 ? behaviours.shift() : behaviours[0];
    behaviour?.(response, request);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/stage`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function send(...extra: string[]): Promise<CommandResult> {
  return florin([...args, ...extra], { FLORIN_URL: url, FLORIN_API_KEY: apiKey });
}

describe('a change', () => {
  it.each<[string, Behaviour]>([
    ['the connection breaks', cut],
    ['the answer breaks off', cutInTheMiddle],
    ['something in between answers', answer(502, '<html>Bad gateway</html>', { 'content-type': 'text/html' })],
    ['it is not known whether it was done', problem(503, 'outcome_unknown')],
    ['the service has an error', problem(500, 'internal')],
    ['there are too many requests', problem(429, 'rate_limited')],
    ['an earlier request with the key is still being processed', problem(409, 'in_progress')],
  ])('is sent again with the same key and body when %s', async (_, failing) => {
    behaviours = [failing, failing, done];
    const { code, stdout, stderr } = await send();
    expect({ code, stderr }).toEqual({ code: 0, stderr: `Idempotency-Key: ${requests[0]?.key}\n` });
    expect(stdout).toContain('tx_abc  posted  transfer');
    expect(requests).toHaveLength(3);
    expect(new Set(requests.map(({ key, body }) => `${key} ${body}`)).size).toBe(1);
    expect(requests[0]?.key).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('makes a new key for each command, and takes the one that is given', async () => {
    behaviours = [done];
    const first = saidKey((await send()).stderr);
    const second = saidKey((await send()).stderr);
    expect(first).not.toBe(second);
    await send('--key', first);
    expect(requests.map(({ key }) => key)).toEqual([first, second, first]);
  });

  it('waits as long as the service asks', async () => {
    behaviours = [problem(503, 'contention', { 'retry-after': '2' }), done];
    expect((await send()).code).toBe(0);
    expect((requests[1]?.at ?? 0) - (requests[0]?.at ?? 0)).toBeGreaterThanOrEqual(2_000);
  });

  it('gives up at once when it would have to wait longer than it may', async () => {
    behaviours = [problem(503, 'unavailable', { 'retry-after': '120' })];
    const before = performance.now();
    const { code, stderr } = await send('--timeout', '100');
    expect(code).toBe(6);
    expect(performance.now() - before).toBeLessThan(90_000);
    expect(stderr).toContain('503 unavailable: It was unavailable. Nothing was done.');
    expect(requests).toHaveLength(1);
  });

  it('gives up when the time is over, and says how to find out what became of it', async () => {
    behaviours = [cut];
    const { code, stderr } = await send('--timeout', '6');
    expect(code).toBe(6);
    expect(requests.length).toBeGreaterThan(2);
    expect(stderr).toContain(`It may have been done. Repeat the command with --key ${requests[0]?.key}`);
  });

  it('gives up on a service that does not answer', async () => {
    behaviours = [() => {}];
    const { code, stderr } = await send('--timeout', '1');
    expect(code).toBe(6);
    expect(stderr).toContain('It may have been done.');
  });

  it('says that nothing was done when nobody was there', async () => {
    server.close();
    const { code, stderr } = await send('--timeout', '1');
    expect(code).toBe(6);
    expect(stderr).toContain('could not be reached');
    expect(stderr).toContain('Nothing was done.');
  });

  it.each([
    [422, 'insufficient_funds', 3],
    [422, 'a_decline_of_tomorrow', 3],
    [422, 'idempotency_key_reused', 5],
    [422, 'account_not_found', 4],
    [422, 'same_account', 2],
    [404, 'not_found', 4],
    [409, 'balance_conflict', 5],
    [400, 'invalid_request', 2],
    [413, 'too_large', 2],
    [401, 'unauthenticated', 8],
    [403, 'forbidden', 8],
  ])('is not repeated after %i %s: exit code %i', async (status, code, exitCode) => {
    behaviours = [problem(status, code)];
    const result = await send();
    expect(result).toMatchObject({ code: exitCode, stdout: '' });
    expect(result.stderr).toContain(`${code}: It was ${code}.`);
    expect(requests).toHaveLength(1);
  });

  it('never follows a redirection with the key', async () => {
    behaviours = [answer(307, '', { location: 'http://127.0.0.1:1/' })];
    const { code, stderr } = await send();
    expect(code).toBe(1);
    expect(stderr).toContain('Is the URL right?');
    expect(requests).toHaveLength(1);
  });

  it.each<[string, Behaviour]>([
    ['a page', answer(200, '<html></html>', { 'content-type': 'text/html' })],
    ['another JSON', answer(200, { hello: 'world' })],
    ['an error that is no problem document', answer(404, 'no such page')],
  ])('takes %s for what it is', async (_, behaviour) => {
    behaviours = [behaviour];
    const { code, stderr } = await send();
    expect(code).toBe(1);
    expect(stderr).toContain("Florin's API");
  });

  it('shows the key to nobody but the service', async () => {
    const shown: string[] = [];
    for (const behaviour of [done, cut, problem(401, 'unauthenticated'), answer(200, '<html>')]) {
      behaviours = [behaviour];
      const { stdout, stderr } = await send('--timeout', '1');
      shown.push(stdout, stderr);
    }
    expect(shown.join('')).not.toContain('secret');
    expect(new Set(requests.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${apiKey}`]));
    // So the audit log tells what was done with the command line.
    expect(new Set(requests.map(({ agent }) => agent))).toEqual(
      new Set([expect.stringMatching(/^florin\/\d+\.\d+\.\d+$/)]),
    );
  });

  it('shows the faults of a request', async () => {
    const errors = [{ in: 'body', pointer: '/amount', detail: 'more than zero' }];
    behaviours = [answer(400, { code: 'invalid_request', title: 'x', detail: 'Malformed.', errors })];
    expect((await send()).stderr).toContain('  body /amount: more than zero');
  });

  it('shows a problem as JSON where JSON is asked for, as it came', async () => {
    const body = { type: 'urn:x', title: 'x', status: 422, detail: 'y', code: 'account_frozen', account: 'alice' };
    behaviours = [answer(422, body)];
    const { stdout, stderr } = await send('--json');
    expect(stdout).toBe('');
    expect(stderr.split('\n')[1]).toBe(JSON.stringify(body));
  });
});

describe('a read', () => {
  it('is sent again, too', async () => {
    behaviours = [cut, problem(503, 'unavailable'), answer(200, { data: [] })];
    const { code, stderr } = await florin(['assets', 'list'], { FLORIN_URL: url, FLORIN_API_KEY: apiKey });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(requests).toHaveLength(3);
  });
});

describe('pauseBefore', () => {
  it('is a random part of a bound that doubles up to five seconds, behind what was asked for', () => {
    const longest = [0, 1, 2, 5, 6, 1_000].map((attempt) => pauseBefore(attempt, 0, () => 1));
    expect(longest).toEqual([100, 200, 400, 3_200, 5_000, 5_000]);
    expect(pauseBefore(3, 0, () => 0)).toBe(0);
    expect(pauseBefore(0, 7_000, () => 0.5)).toBe(7_050);
  });
});

describe('retryAfterMs', () => {
  const now = Date.parse('2026-11-21T10:00:00Z');

  it.each([
    [null, 0],
    ['3', 3_000],
    ['Sat, 21 Nov 2026 10:00:05 GMT', 5_000],
    ['Sat, 21 Nov 2026 09:00:00 GMT', 0],
    ['soon', 0],
    ['-3', 0],
  ])('reads %j', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });
});
