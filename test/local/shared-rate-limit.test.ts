import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEmbeddedHere, type TestRuntime } from '../support/embedded.ts';
import { type FaultProxy, type ProxiedCall, startFaultProxy } from '../support/fault-proxy.ts';

const rate = { requestsPerSecond: 20, burst: 40 };
const pressedForMs = 10_000;
const requestsAtOnce = 4;
/** Between a loop's requests, so that what measures does not fill this machine. */
const pauseMs = 2;

let first: TestRuntime;
let second: TestRuntime;
let proxy: FaultProxy;
const folders: string[] = [];

beforeAll(async () => {
  for (const _ of [1, 2]) folders.push(await mkdtemp(join(tmpdir(), 'florin-test-')));
  first = await startEmbeddedHere({
    dataFolder: folders[0] as string,
    functionsEndpoint: async (target) => {
      proxy = await startFaultProxy({ target });
      return proxy.url;
    },
  });
  second = await startEmbeddedHere({
    dataFolder: folders[1] as string,
    seed: false,
    apiKey: first.apiKey,
    dynamodbEndpoint: first.dynamodbEndpoint,
    functionsEndpoint: () => proxy.url,
  });
});
afterAll(async () => {
  await second?.stop();
  await first?.stop();
  await proxy?.stop();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

interface Client {
  readonly id: string;
  readonly key: string;
}

/** Makes a client with its key. */
async function keyOf(name: string, terms: object): Promise<Client> {
  const answer = await fetch(`${first.url}/v1/admin/clients`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${first.apiKey}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    body: JSON.stringify({ name, roles: ['reader'], ...terms }),
  });
  expect(answer.status).toBe(201);
  return (await answer.json()) as Client;
}

interface Seen {
  readonly status: number;
  readonly headers: Headers;
}

async function read(url: string, key: string): Promise<Seen> {
  const answer = await fetch(`${url}/v1/accounts/user_001`, { headers: { 'x-api-key': key } });
  await answer.arrayBuffer();
  return { status: answer.status, headers: answer.headers };
}

async function press(url: string, key: string, untilMs: number, pause: number): Promise<Seen[]> {
  const seen: Seen[] = [];
  while (performance.now() < untilMs) {
    seen.push(await read(url, key));
    await sleep(pause);
  }
  return seen;
}

function isLeaseOf(id: string) {
  return ({ operation, body }: ProxiedCall) =>
    operation === 'UpdateItem' && JSON.stringify(body).includes(`RATE#default#${id}`);
}

async function pressBoth(pressing: Client, modest: Client) {
  proxy.log.length = 0;
  const startedAt = performance.now();
  const untilMs = startedAt + pressedForMs;
  const loops = Array.from({ length: requestsAtOnce }, () => [first.url, second.url]).flat();
  const [pressed, others] = await Promise.all([
    Promise.all(loops.map((url) => press(url, pressing.key, untilMs, pauseMs))),
    Promise.all([first, second].map(({ url }) => press(url, modest.key, untilMs, 100))),
  ]);
  const seconds = (performance.now() - startedAt) / 1_000;
  const calls = proxy.log.filter(isLeaseOf(pressing.id)).length;
  return { pressed: pressed.flat(), others: others.flat(), seconds, calls };
}

/** An instance that got no answer in 0.3 s counts by itself for a while, as it should. Such a run on a busy machine shows nothing. */
async function untilCountedTogether<Run>(run: () => Promise<Run>): Promise<Run> {
  for (let attempt = 1; attempt <= 5; attempt++) {
    const before = await timesOnTheirOwn();
    const result = await run();
    if ((await timesOnTheirOwn()) === before) return result;
    // Until nobody is on his own any more.
    await sleep(3_000);
  }
  throw new Error('this machine is too busy: instances could not lease in time, again and again');
}

async function timesOnTheirOwn(): Promise<number> {
  const logs = await Promise.all(folders.map((folder) => readFile(join(folder, 'functions.log'), 'utf8')));
  return logs.join('').split('allowances cannot be leased').length - 1;
}

describe('two runtimes on one database', () => {
  it('serve a client that presses both no more than its rate and burst, for few calls, and nobody else the less', async () => {
    const pressing = await keyOf('pressing', { rate });
    const modest = await keyOf('modest', {});
    // What is loaded once is loaded before.
    for (const { url } of [first, second]) await read(url, modest.key);

    const { pressed, others, seconds, calls } = await untilCountedTogether(() => pressBoth(pressing, modest));
    const served = pressed.filter(({ status }) => status === 200);
    const refused = pressed.filter(({ status }) => status === 429);
    const perThousand = (1_000 * calls) / pressed.length;
    console.info(
      `rate limits: ${served.length} of ${pressed.length} requests served in ${seconds.toFixed(1)} s, ` +
        `${calls} calls, ${perThousand.toFixed(1)} for 1,000 requests`,
    );

    expect(served.length + refused.length).toBe(pressed.length);
    expect(served.length).toBeLessThanOrEqual(rate.requestsPerSecond * seconds + rate.burst);
    expect(refused.length).toBeGreaterThan(0);
    // Where this machine is too busy to press hard, time bounds the calls: each instance leases once a second, finds once that the other was
    // quicker, and half as often again both.
    expect(calls).toBeLessThanOrEqual(Math.max(0.03 * pressed.length, 2 * 3 * seconds));
    for (const { headers } of pressed) {
      expect(headers.get('ratelimit-policy')).toBe('"client";q=40;w=2');
      expect(headers.get('ratelimit')).toMatch(/^"client";r=\d+;t=\d+$/);
    }
    for (const { headers } of refused) {
      expect(headers.get('ratelimit')).toMatch(/^"client";r=0;t=/);
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(3);
    }
    expect(others.map(({ status }) => status)).toEqual(others.map(() => 200));
    expect(others.length).toBeGreaterThan(0);
  });
});
