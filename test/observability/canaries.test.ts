import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isMutation, type Route } from '../../lib/http/route.ts';
import { type OperationId, routes } from '../../lib/http/routes.ts';
import { samples } from '../functions/bad-input.ts';
import { ApiClient } from '../support/api-client.ts';
import { startEmbeddedHere, type TestRuntime } from '../support/embedded.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { canary, logLeaks } from '../support/log-leaks.ts';
import { sendToQueues } from '../support/queue-messages.ts';
import { until } from '../support/until.ts';

/** A first start builds the application. */
const startTimeoutMs = 120_000;

let runtime: TestRuntime;
let proxy: FaultProxy;
let folder: string;
let requests = 0;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'florin-canaries-'));
  runtime = await startEmbeddedHere({
    dataFolder: folder,
    functionsEndpoint: async (target) => {
      proxy = await startFaultProxy({ target, seed: 1 });
      return proxy.url;
    },
  });
}, startTimeoutMs);
afterAll(async () => {
  await runtime?.stop();
  await proxy?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Fields whose text is the client's own, wherever they stand; the others name things or choose among words. */
const freeTexts = new Set(['description', 'name', 'owner', 'reason']);

/** A body with a canary in every text that is the client's own. */
function withCanaries(value: unknown, name = ''): unknown {
  if (name === 'metadata') return { [`${canary}_name`]: `${canary} value` };
  if (typeof value === 'string') return freeTexts.has(name) ? `${canary} ${name}` : value;
  if (Array.isArray(value)) return value.map((each) => withCanaries(each, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([inner, each]) => [inner, withCanaries(each, inner)]));
}

/** A token of the runtime's own issuer, by what it says, with a canary in every claim and a signature that is none. */
function forgedToken(): string {
  const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url');
  const claims = {
    iss: 'urn:florin:development',
    aud: canary,
    sub: canary,
    tenant: canary,
    roles: [canary],
    scope: canary,
    exp: 1,
  };
  return [part({ alg: 'ES256', kid: canary, typ: canary }), part(claims), canary].join('.');
}

interface Variant {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The sample of an operation with canaries where they are taken, and where they are refused. */
function variantsOf(route: Route): Variant[] {
  const { path: samplePath, body } = samples[route.operationId as OperationId];
  const query = samplePath.includes('?') ? '&' : '?';
  const sent = body && JSON.stringify(withCanaries(body));
  const variants: Variant[] = [
    { path: samplePath, body: sent },
    { path: samplePath, body: sent, headers: { authorization: `Bearer ${forgedToken()}` } },
    { path: samplePath, body: sent, headers: { authorization: `Bearer eyJ${canary}.${canary}.${canary}` } },
    { path: samplePath, body: sent, headers: { authorization: `Bearer flk_live_${canary}0123456789` } },
    { path: samplePath, body: sent, headers: { authorization: `Basic ${canary}`, 'x-api-key': canary } },
    { path: `${samplePath}${query}${canary}=${canary}&cursor=${canary}&limit=${canary}`, body: sent },
    { path: samplePath.replace(/[^/?]+(?=\?|$)/, `%20${canary}%00`), body: sent },
  ];
  if (isMutation(route)) variants.push({ path: samplePath, body: sent, headers: { 'idempotency-key': `${canary} é` } });
  if (body) {
    variants.push({ path: samplePath, body: `{"${canary}":"${canary}","${canary}":` });
    variants.push({ path: samplePath, body: `"${canary}` });
    variants.push({ path: samplePath, body: JSON.stringify({ ...body, [canary]: canary }) });
    variants.push({ path: samplePath, body: canary, headers: { 'content-type': `text/${canary}` } });
  }
  return variants;
}

async function send(route: Route, { path: target, body, headers }: Variant): Promise<number> {
  requests += 1;
  const answer = await fetch(runtime.url + target, {
    method: route.method,
    body,
    headers: {
      authorization: `Bearer ${runtime.apiKey}`,
      'user-agent': canary,
      cookie: `session=${canary}`,
      prefer: canary,
      'if-none-match': `"${canary}"`,
      [canary]: canary,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(isMutation(route) && { 'idempotency-key': `${canary}-${requests}` }),
      ...headers,
    },
  });
  await answer.arrayBuffer();
  return answer.status;
}

function logged(): string {
  return readFileSync(path.join(folder, 'functions.log'), 'utf8');
}

describe('the log of a runtime whose clients write secrets everywhere', () => {
  it('has none of them, whatever becomes of the requests', async () => {
    const statuses = new Set<number>();
    for (const route of routes as readonly Route[])
      for (const variant of variantsOf(route)) statuses.add(await send(route, variant));
    await runtime.drained();
    // It would prove nothing if all had been refused for one reason.
    for (const status of [200, 201, 400, 401, 415]) expect(statuses).toContain(status);
    expect(logged().split('\n').length).toBeGreaterThan(requests / 2);
    expect(logLeaks(logged())).toEqual([]);
  }, 240_000);

  it('has none of them where the store fails', async () => {
    proxy.rules.push({ fault: { kind: 'serverError', when: 'before' }, probability: 0.5 });
    const transfer = { source: 'user_001', destination: 'user_002', asset: 'USD/2', amount: '1' };
    const body = JSON.stringify({ ...transfer, description: canary, metadata: { [canary]: canary } });
    const route = (routes as readonly Route[]).find(({ operationId }) => operationId === 'createTransfer') as Route;
    const statuses = await Promise.all(Array.from({ length: 12 }, () => send(route, { path: '/v1/transfers', body })));
    proxy.rules.length = 0;
    proxy.rules.push({ fault: { kind: 'serverError', when: 'before' } });
    statuses.push(await send(route, { path: '/v1/transfers', body }));
    proxy.rules.length = 0;
    await runtime.drained();
    expect(statuses.some((status) => status >= 500)).toBe(true);
    expect(logLeaks(logged())).toEqual([]);
  }, 240_000);

  it('has none of them where workers do the work, and where they cannot', async () => {
    const api = new ApiClient(runtime.url, runtime.apiKey);
    const transfer = { source: 'user_001', destination: 'user_002', asset: 'USD/2' };
    const secret = { description: canary, metadata: { [canary]: canary } };
    const hook = await api.post('/v1/webhooks', { url: `http://127.0.0.1:9/${canary}`, types: ['transaction.*'] });
    expect(hook.status).toBe(201);
    for (const amount of ['1', '999999999999']) {
      const headers = { prefer: 'respond-async' };
      const answer = await api.post('/v1/transfers', { ...transfer, amount, ...secret }, { headers });
      expect(answer.status).toBe(202);
    }
    const before = logged().length;
    // Each worker is woken by what it cannot read, and by what reads like its own and says nonsense. Ids may be in the log.
    const nonsense = { tenant: 'nobody', account: 'nobody', [canary]: canary, event: canary, deliveryId: canary };
    for (const body of [canary, `{"${canary}":`, JSON.stringify(nonsense)])
      expect(await sendToQueues(runtime, '', body)).toBeGreaterThan(10);
    const workers = ['process-transfers', 'append-journal', 'publish-events', 'deliver-webhooks', 'keep-dead-letters'];
    for (const name of workers)
      await until(name, () => logged().slice(before).includes(`"service":"florin-${name}"`), 60_000);
    expect(logLeaks(logged())).toEqual([]);
  }, 240_000);
});
