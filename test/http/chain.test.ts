import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { staticKey, unlimited } from '../../lib/auth/index.ts';
import { defaultFlags } from '../../lib/config/flags.ts';
import { assetRoutes } from '../../lib/http/asset-routes.ts';
import { type Answer, json, type OperationRequest, serveArea } from '../../lib/http/index.ts';
import { problems } from '../../lib/http/problem.ts';
import { InvariantViolation, LedgerError } from '../../lib/ledger/index.ts';
import { apiKey, callWith } from '../functions/api.ts';
import { lambdaContext } from '../functions/proxy-event.ts';
import { recorder } from '../observability/recorder.ts';
import { asset } from '../support/ledger-fixture.ts';
import { busyMachineMs } from '../support/until.ts';

const { instruments, lines, subsegments, clear } = recorder();
beforeEach(clear);

/** The chain around assets that do what a test says. */
function assetsThat(createAsset: (request: OperationRequest<'createAsset'>) => Promise<Answer>) {
  const authenticate = staticKey(createHash('sha256').update(apiKey).digest('hex'));
  const handler = serveArea(
    assetRoutes,
    { createAsset, listAssets: () => json(200, { data: [] }) },
    { access: { authenticate, limiter: unlimited }, instruments, flags: { current: async () => defaultFlags } },
  );
  return { handler, call: callWith({ assets: handler }) };
}

const body = { code: 'USD/2', name: 'US dollar' };

describe('the chain', () => {
  it('gives the operation its parsed request, caller and key', async () => {
    let seen: OperationRequest<'createAsset'> | undefined;
    const { call } = assetsThat(async (request) => {
      seen = request;
      return json(201, {});
    });
    await call('POST', '/v1/assets', body, { key: '"quoted"' });
    expect(seen).toMatchObject({ body, path: {}, query: {}, key: 'quoted', caller: { tenant: 'default' } });
  });

  it('keeps back time to answer, and never says that negative time is left', async () => {
    const left: number[] = [];
    const { call } = assetsThat(async (request) => {
      left.push(request.remainingTimeInMillis());
      return json(201, {});
    });
    await call('POST', '/v1/assets', body, { timeMs: 60_000 });
    await call('POST', '/v1/assets', body, { timeMs: 100 });
    expect(left[0]).toBeGreaterThan(59_500 - busyMachineMs);
    expect(left[0]).toBeLessThanOrEqual(59_500);
    expect(left[1]).toBe(0);
  });

  it('writes one line per invocation, with ids and without contents', async () => {
    const { call } = assetsThat(async ({ log }) => {
      log({ asset: asset('USD/2') });
      return json(201, { secret: 'answer-content' }, { replayed: true });
    });
    await call(
      'POST',
      '/v1/assets',
      { code: 'USD/2', name: 'body-content' },
      { key: 'the-key', headers: { 'X-Correlation-Id': 'c-1' } },
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: 'info',
      fields: {
        operation: 'createAsset',
        status: 201,
        correlationId: 'c-1',
        coldStart: true,
        tenant: 'default',
        asset: 'USD/2',
        replayed: true,
      },
    });
    expect(lines[0]?.fields.Latency).toBeGreaterThanOrEqual(0);
    const text = JSON.stringify(lines);
    for (const content of ['answer-content', 'body-content', 'the-key', apiKey]) expect(text).not.toContain(content);
  });

  it('logs a refused request with its code and no caller', async () => {
    const { call } = assetsThat(async () => json(201, {}));
    await call('POST', '/v1/assets', body, { bare: true });
    expect(lines).toEqual([
      expect.objectContaining({ fields: expect.objectContaining({ status: 401, code: 'unauthenticated' }) }),
    ]);
    expect(lines[0]?.fields).not.toHaveProperty('client');
  });

  it.each([
    ['a broken invariant', new InvariantViolation('balance of alice is wrong')],
    ['an error of a library', new TypeError('cannot read at /var/task/index.mjs')],
    ['something that is no error', 'a text'],
  ])('answers %s as internal, says nothing of it, and logs it', async (_, thrown) => {
    const { call } = assetsThat(async () => {
      throw thrown;
    });
    const answer = await call('POST', '/v1/assets', body);
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal', instance: '/v1/assets' } });
    expect(answer.text).not.toMatch(/alice|var|text|stack/);
    expect(lines.map(({ level }) => level)).toEqual(['error', 'info']);
    expect(lines[0]?.fields.error).toBeInstanceOf(Error);
    expect(lines[1]?.fields).toMatchObject({ status: 500, code: 'internal' });
  });

  it('renders what the ledger says with its evidence', async () => {
    const { call } = assetsThat(async () => {
      throw new LedgerError('already_exists', 'asset USD/2 exists already', { asset: 'USD/2' });
    });
    const answer = await call('POST', '/v1/assets', body);
    const detail = 'Asset USD/2 exists already.';
    expect(answer).toMatchObject({ status: 409, body: { code: 'already_exists', detail, asset: 'USD/2' } });
    expect(lines.map(({ level }) => level)).toEqual(['info']);
  });

  it('renders an invalid request that only the ledger could see like any other', async () => {
    const { call } = assetsThat(async () => {
      throw new LedgerError('invalid_request', 'too many');
    });
    const { body: problem } = await call('POST', '/v1/assets', body);
    expect(problem.detail).toBe(problems.invalid_request.detail);
    expect(problem.errors).toEqual([{ in: 'body', pointer: '', detail: 'too many' }]);
  });

  it('says when to retry what may be retried', async () => {
    const { call } = assetsThat(async () => {
      throw new LedgerError('unavailable', 'no answer');
    });
    expect(await call('POST', '/v1/assets', body)).toMatchObject({ status: 503, headers: { 'Retry-After': '1' } });
    expect(lines.map(({ level }) => level)).toEqual(['info']);
  });

  it('logs what kept it from answering, and does not tell the client', async () => {
    const cause = new Error('connect ECONNREFUSED 10.0.0.1:443');
    const error = new LedgerError('outcome_unknown', 'the answer to a write was lost', {}, { cause });
    const { call } = assetsThat(async () => {
      throw error;
    });
    const answer = await call('POST', '/v1/assets', body);
    const detail =
      'The answer to a write was lost. The request may have taken effect. Retry with the same key, only: it finds out.';
    expect(answer).toMatchObject({ status: 503, body: { code: 'outcome_unknown', detail } });
    expect(answer.text).not.toContain('10.0.0.1');
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'info']);
    expect(lines[0]?.fields).toMatchObject({ operation: 'createAsset', error });
    expect(lines[0]?.fields.correlationId).toBe(lines[1]?.fields.correlationId);
  });

  it('puts correlation, security and CORS headers on answers and on problems', async () => {
    const { call } = assetsThat(async () => {
      throw new Error('no');
    });
    const options = { headers: { 'X-Correlation-Id': 'c-1', Origin: 'https://shop.example' } };
    for (const answer of [
      await call('GET', '/v1/assets', undefined, options),
      await call('GET', '/v1/assets', undefined, { ...options, bare: true }),
      await call('POST', '/v1/assets', body, options),
    ]) {
      expect(answer.headers).toMatchObject({
        'X-Correlation-Id': 'c-1',
        'X-Content-Type-Options': 'nosniff',
        'Access-Control-Allow-Origin': '*',
        'Content-Security-Policy': expect.stringContaining("default-src 'none'"),
        'Cache-Control': 'no-store',
      });
      expect(answer.headers['Access-Control-Expose-Headers']).toContain('Idempotent-Replayed');
    }
  });

  it('tells strangers how to authenticate', async () => {
    const { call } = assetsThat(async () => json(201, {}));
    const answer = await call('POST', '/v1/assets', body, { bare: true });
    expect(answer).toMatchObject({ status: 401, headers: { 'WWW-Authenticate': 'Bearer realm="florin"' } });
  });

  it('checks access before it reads the request', async () => {
    const { call } = assetsThat(async () => json(201, {}));
    expect((await call('POST', '/v1/assets', '{"no json', { bare: true })).status).toBe(401);
  });

  it.each([
    ['Bearer', { Authorization: `Bearer ${apiKey}` }],
    ['bearer, in small letters', { authorization: `bearer ${apiKey}` }],
    ['X-Api-Key', { 'X-Api-Key': apiKey }],
    ['both, the same', { Authorization: `Bearer ${apiKey}`, 'x-api-key': apiKey }],
  ])('takes the key as %s', async (_, headers) => {
    const { call } = assetsThat(async () => json(201, {}));
    expect((await call('GET', '/v1/assets', undefined, { bare: true, headers })).status).toBe(200);
  });

  it('refuses two different keys, even if one is right', async () => {
    const { call } = assetsThat(async () => json(201, {}));
    const headers = { Authorization: `Bearer ${apiKey}`, 'X-Api-Key': 'another' };
    expect((await call('GET', '/v1/assets', undefined, { bare: true, headers })).status).toBe(401);
  });

  it('has nothing where the area has no such route', async () => {
    const { handler } = assetsThat(async () => json(201, {}));
    const event = {
      httpMethod: 'DELETE',
      resource: '/v1/assets',
      path: '/v1/assets',
      requestContext: {},
      headers: null,
    };
    const result = await handler(event as unknown as APIGatewayProxyEvent, lambdaContext());
    expect(result.statusCode).toBe(404);
  });

  it('warns of an event that names no operation of the function: the template and the routes disagree', async () => {
    const { handler } = assetsThat(async () => json(201, {}));
    const event = { httpMethod: 'DELETE', resource: '/v1/assets', path: '/v1/assets', requestContext: {} };
    await handler(event as unknown as APIGatewayProxyEvent, lambdaContext());
    expect(lines).toMatchObject([{ level: 'warn', fields: { httpMethod: 'DELETE', resource: '/v1/assets' } }]);
  });

  it('counts a request that the chain itself cannot answer as a fault, and lets the error through', async () => {
    const { handler, call } = assetsThat(async () => json(201, {}));
    // Without its context an event has no path, so that not even the problem can be rendered.
    const event = { httpMethod: 'POST', resource: '/v1/assets', headers: {}, requestContext: null };
    await expect(handler(event as unknown as APIGatewayProxyEvent, lambdaContext())).rejects.toThrow(TypeError);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.fields).toMatchObject({ operation: 'createAsset', status: 500, Faults: 1, Requests: 1 });
    expect(lines[0]?.fields).not.toHaveProperty('Errors');
    await call('POST', '/v1/assets', body);
    expect(lines[1]?.fields).toMatchObject({ status: 201, Faults: 0 });
  });

  it('says which invocation was the first of its instance, and of no other', async () => {
    const { call } = assetsThat(async () => json(201, {}));
    for (let i = 0; i < 3; i++) await call('POST', '/v1/assets', body);
    expect(lines.map(({ fields }) => fields.coldStart)).toEqual([true, undefined, undefined]);
  });

  it('counts what became of a request', async () => {
    const outcomes: (() => Promise<Answer>)[] = [
      async () => json(201, {}),
      async () => json(201, {}, { replayed: true }),
      async () => Promise.reject(new LedgerError('idempotency_key_reused', 'no')),
      async () => Promise.reject(new LedgerError('unavailable', 'no')),
    ];
    for (const outcome of outcomes) await assetsThat(outcome).call('POST', '/v1/assets', body);
    const counted = lines.map(({ fields }) => {
      const { Requests, Errors, Faults, Replays, KeyConflicts, code } = fields;
      return { Requests, Errors, Faults, Replays, KeyConflicts, code };
    });
    expect(counted).toEqual([
      { Requests: 1, Faults: 0 },
      { Requests: 1, Faults: 0, Replays: 1 },
      { Requests: 1, Faults: 0, Errors: 1, KeyConflicts: 1, code: 'idempotency_key_reused' },
      { Requests: 1, Faults: 1, Errors: 1, code: 'unavailable' },
    ]);
  });

  it('tells the trace what it tells the log, and gives the operation what to keep of it', async () => {
    let cause: unknown;
    const { call } = assetsThat(async (request) => {
      cause = request.cause;
      throw new LedgerError('already_exists', 'no');
    });
    const traceId = '5759e988bd862e3fe1be46a994272793';
    const callers = '4bf92f3577b34da6a3ce929d0e0e4736';
    const headers = {
      'X-Amzn-Trace-Id': 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
      Traceparent: `00-${callers}-00f067aa0ba902b7-01`,
      'X-Correlation-Id': 'c-1',
    };
    await call('POST', '/v1/assets', body, { headers });
    expect(lines[0]?.fields).toMatchObject({ traceId: '1-5759e988-bd862e3fe1be46a994272793', causedBy: callers });
    expect(subsegments).toHaveLength(1);
    const [subsegment] = subsegments;
    expect(subsegment).toMatchObject({
      name: 'createAsset',
      status: 409,
      trace: { context: { traceId, isSampled: true }, parentId: '53995c3f42cd8ad8', causedBy: callers },
      annotations: { correlationId: 'c-1', operation: 'createAsset', tenant: 'default' },
    });
    expect(cause).toEqual({
      correlationId: 'c-1',
      traceparent: `00-${traceId}-${subsegment?.trace.context.spanId}-01`,
    });
  });

  it.each([
    ['no trace headers', {}],
    ['broken ones', { traceparent: '00-xyz', 'X-Amzn-Trace-Id': 'Root=1-0;Parent=' }],
  ])('traces nothing with %s', async (_, headers) => {
    let cause: unknown;
    const { call } = assetsThat(async (request) => {
      cause = request.cause;
      return json(201, {});
    });
    expect((await call('POST', '/v1/assets', body, { headers })).status).toBe(201);
    expect(subsegments).toEqual([]);
    expect(lines[0]?.fields).not.toHaveProperty('traceId');
    expect(cause).toEqual({ correlationId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  });

  it('keeps the traces of requests that it serves at once apart', async () => {
    const store = new AsyncLocalStorage<string>();
    const scope = globalThis as { awslambda?: unknown };
    scope.awslambda = { InvokeStore: { getXRayTraceId: () => store.getStore() } };
    try {
      const { call } = assetsThat(async ({ body: { code }, cause }) => {
        await new Promise((resolve) => setTimeout(resolve, code.length));
        return json(201, { code, traceparent: cause.traceparent });
      });
      const ids = Array.from({ length: 20 }, (_, index) => `${index + 10}`.repeat(16));
      const answers = await Promise.all(
        ids.map((id, index) => {
          const header = `Root=1-${id.slice(0, 8)}-${id.slice(8)};Parent=53995c3f42cd8ad8;Sampled=1`;
          return store.run(header, () => call('POST', '/v1/assets', { code: `A${'B'.repeat(20 - index)}` }));
        }),
      );
      expect(answers.map((answer) => answer.body.traceparent.split('-')[1])).toEqual(ids);
      for (const { trace, annotations } of subsegments) {
        const line = lines.find(({ fields }) => fields.correlationId === annotations.correlationId);
        expect(String(line?.fields.traceId).replaceAll('-', '').slice(1)).toBe(trace.context.traceId);
      }
      expect(new Set(subsegments.map(({ trace }) => trace.context.traceId))).toEqual(new Set(ids));
    } finally {
      delete scope.awslambda;
    }
  });

  it('keeps requests that it serves at once apart', async () => {
    const { call } = assetsThat(async ({ body: { code }, log }) => {
      await new Promise((resolve) => setTimeout(resolve, code.length));
      log({ asset: code });
      return json(201, { code });
    });
    const codes = Array.from({ length: 20 }, (_, index) => `A${'B'.repeat(20 - index)}`);
    const answers = await Promise.all(
      codes.map((code) => call('POST', '/v1/assets', { code }, { headers: { 'X-Correlation-Id': `c-${code}` } })),
    );
    expect(answers.map((answer) => answer.body.code)).toEqual(codes);
    expect(answers.map((answer) => answer.headers['X-Correlation-Id'])).toEqual(codes.map((code) => `c-${code}`));
    for (const { fields } of lines) expect(fields.correlationId).toBe(`c-${fields.asset}`);
  });
});
