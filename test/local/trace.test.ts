import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { FunctionDefinition } from '../../infra/local/deployment.ts';
import { LambdaFunction } from '../../infra/local/lambda-function.ts';
import { readApplication } from '../../infra/local/template-reader.ts';
import { invocationTrace, traceHeader } from '../../infra/local/trace-header.ts';
import { startEmbeddedHere, type TestRuntime } from '../support/embedded.ts';

const assemblyFolder = join(import.meta.dirname, 'fixtures/assembly');
const root = '1-5759e988-bd862e3fe1be46a994272793';
const now = Date.parse('2026-11-21T10:00:00Z');
const fresh = /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/;

interface EchoAnswer {
  readonly event: { readonly headers: Record<string, string>; readonly multiValueHeaders: Record<string, string[]> };
  readonly trace: string;
  readonly environment: NodeJS.ProcessEnv;
}

describe('traceHeader', () => {
  it.each([`Root=${root}`, `Root=${root};Parent=53995c3f42cd8ad8;Sampled=1`, `Self=1-67891234-a; Root=${root} `])(
    'keeps what the caller sent: %s',
    (header) => expect(traceHeader(header, now)).toBe(header),
  );

  it.each([
    undefined,
    '',
    'Root=',
    'Root=1-5759e988',
    `Root=${root}0`,
    `Root=${root}, Root=${root}`,
    `root=${root}`,
    `Root=${root};${'x'.repeat(300)}`,
    `Root=2-5759e988-bd862e3fe1be46a994272793`,
  ])('begins a trace where there is no valid one: %s', (header) => {
    const made = traceHeader(header, now);
    expect(made).toMatch(fresh);
    expect(Number.parseInt(made.slice('Root=1-'.length, 'Root=1-'.length + 8), 16)).toBe(now / 1_000);
    expect(traceHeader(header, now)).not.toBe(made);
  });
});

describe('invocationTrace', () => {
  it.each([
    [`Root=${root}`, '0'],
    [`Root=${root};Sampled=1`, '1'],
    [`Root=${root};Parent=53995c3f42cd8ad8;Sampled=0`, '0'],
    [`Root=${root};Sampled=?`, '0'],
  ])('has the root of %s, a parent of its own, and the decision %s', (header, sampled) => {
    const trace = invocationTrace(header, now);
    expect(trace).toMatch(new RegExp(`^Root=${root};Parent=[0-9a-f]{16};Sampled=${sampled}$`));
    expect(trace).not.toContain('53995c3f42cd8ad8');
    expect(invocationTrace(header, now)).not.toBe(trace);
  });
});

describe('a request through the gateway', () => {
  let runtime: TestRuntime;

  beforeAll(async () => {
    runtime = await startEmbeddedHere({ assemblyFolder, seed: false });
  });

  afterAll(() => runtime?.stop());

  const call = async (headers: Record<string, string> = {}, query = ''): Promise<EchoAnswer> =>
    (await (await fetch(`${runtime.url}/items/1${query}`, { headers })).json()) as EchoAnswer;

  it('gets a trace of its own, which its function sees in the event and in the invoke store', async () => {
    const { event, trace, environment } = await call();
    const header = event.headers['X-Amzn-Trace-Id'] ?? '';
    expect(header).toMatch(fresh);
    expect(event.multiValueHeaders['X-Amzn-Trace-Id']).toEqual([header]);
    expect(trace).toMatch(new RegExp(`^${header};Parent=[0-9a-f]{16};Sampled=0$`));
    // With many at once, the variable could only be that of another one.
    expect(environment).not.toHaveProperty('_X_AMZN_TRACE_ID');
  });

  it("continues the caller's, under one name whatever its case was", async () => {
    const { event, trace } = await call({ 'x-amzn-TRACE-id': `Root=${root};Sampled=1` });
    const names = Object.keys(event.headers).filter((name) => /trace-id/i.test(name));
    expect(names).toEqual(['X-Amzn-Trace-Id']);
    expect(event.headers['X-Amzn-Trace-Id']).toBe(`Root=${root};Sampled=1`);
    expect(trace).toMatch(new RegExp(`^Root=${root};Parent=[0-9a-f]{16};Sampled=1$`));
  });

  it('keeps the traces of many at once apart', async () => {
    const roots = Array.from({ length: 20 }, (_, index) => `1-5759e988-${String(index).padStart(24, '0')}`);
    const answers = await Promise.all(roots.map((each) => call({ 'x-amzn-trace-id': `Root=${each}` }, '?sleep=30')));
    expect(answers.map(({ trace }) => /^Root=([^;]+)/.exec(trace)?.[1])).toEqual(roots);
  });
});

describe('an invocation', () => {
  const { functions } = readApplication(assemblyFolder).describe({
    parameters: { ApiKeySha256: 'digest' },
    queueUrl: () => '',
  });
  const definition = functions.find(({ logicalId }) => logicalId === 'EchoFunction') as FunctionDefinition;
  const output = { printed: () => undefined, failed: () => undefined };
  let target: LambdaFunction;

  afterEach(() => target.stop());

  const invoke = async (tracing?: string): Promise<EchoAnswer> => {
    const answer = (await target.invoke({}, 5_000, tracing)) as { body: string };
    return JSON.parse(answer.body) as EchoAnswer;
  };

  it('has its trace in the environment, too, where it has its isolate to itself', async () => {
    target = new LambdaFunction(definition, { endpoints: { dynamodb: 'http://127.0.0.1:1' }, isolates: 1, output });
    const [first, second] = await Promise.all([invoke(`Root=${root}`), invoke()]);
    expect(first?.trace).toContain(root);
    expect(first?.environment._X_AMZN_TRACE_ID).toBe(first?.trace);
    expect(second?.environment._X_AMZN_TRACE_ID).toBe(second?.trace);
    expect(second?.trace).not.toContain(root);
  });
});
