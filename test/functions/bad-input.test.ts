import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { problems } from '../../lib/http/problem.ts';
import type { Route } from '../../lib/http/route.ts';
import { routes } from '../../lib/http/routes.ts';
import { startApi, type TestApi } from './api.ts';
import { badRows } from './bad-input.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
  const { call } = api;
  await call('POST', '/v1/assets', { code: 'USD/2' });
  for (const id of ['system:external', 'system:treasury', 'system:revenue']) {
    await call('POST', '/v1/accounts', { id, unbounded: true });
  }
  for (const id of ['alice', 'bob', 'closed']) await call('POST', '/v1/accounts', { id });
  expect((await call('PATCH', '/v1/accounts/closed', { status: 'closed' })).status).toBe(200);
  expect((await call('POST', '/v1/accounts/alice/deposits', { asset: 'USD/2', amount: '1000' })).status).toBe(201);
});
afterAll(() => api.stop());

/** Routes that take nothing that could be wrong. */
const nothingToGetWrong = new Set(['getHealth', 'getOpenApi', 'getDocs']);

describe.each(routes.filter(({ operationId }) => !nothingToGetWrong.has(operationId)))('$operationId', (route) => {
  const rows = badRows(route as Route);

  it('has rows of bad input', () => expect(rows.length).toBeGreaterThan(0));

  it('answers each with its code and writes nothing', async () => {
    const before = await api.contents();
    const findings: unknown[] = [];
    for (const { name, path, body, code, pointer, ...options } of rows) {
      const answer = await api.call(route.method, path, body, options);
      const pointers = (answer.body?.errors ?? []).map((error: { pointer: string }) => error.pointer);
      const expected =
        answer.status === problems[code].status &&
        answer.body?.code === code &&
        answer.headers['Content-Type'] === 'application/problem+json' &&
        (code !== 'invalid_request' || pointers.length > 0) &&
        (pointer === undefined || pointers.includes(pointer));
      if (!expected) findings.push({ name, expected: { code, pointer }, status: answer.status, text: answer.text });
    }
    expect(findings).toEqual([]);
    const after = await api.contents();
    expect([...after.symmetricDifference(before)]).toEqual([]);
  });
});
