import { afterEach, describe, expect, it } from '@jest/globals';
import { lambdaTraceHeader, traceOfInvocation } from '../../lib/observability/invocation-trace.ts';

const xray = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
const xrayId = '5759e988bd862e3fe1be46a994272793';
const caller = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe('lambdaTraceHeader', () => {
  const scope = globalThis as { awslambda?: unknown };
  afterEach(() => {
    delete scope.awslambda;
  });

  it('is what the invoke store has of this invocation, also where the environment names another', () => {
    scope.awslambda = { InvokeStore: { getXRayTraceId: () => xray } };
    expect(lambdaTraceHeader({ _X_AMZN_TRACE_ID: 'Root=another' })).toBe(xray);
  });

  it("is the environment's where there is one invocation at a time", () => {
    expect(lambdaTraceHeader({ _X_AMZN_TRACE_ID: xray })).toBe(xray);
    scope.awslambda = { InvokeStore: { getXRayTraceId: () => undefined } };
    expect(lambdaTraceHeader({ _X_AMZN_TRACE_ID: xray })).toBe(xray);
  });

  it('is never the environment of an isolate with many: it may be some other invocation', () => {
    expect(lambdaTraceHeader({ _X_AMZN_TRACE_ID: xray, AWS_LAMBDA_MAX_CONCURRENCY: '10' })).toBeUndefined();
  });
});

describe('traceOfInvocation', () => {
  it("is Lambda's before the header's: its parent is the function's own segment", () => {
    const header = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=1111111111111111;Sampled=1';
    expect(traceOfInvocation({ 'x-amzn-trace-id': header }, xray)).toMatchObject({
      context: { traceId: xrayId, isSampled: true },
      parentId: '53995c3f42cd8ad8',
    });
  });

  it("is the request header's where Lambda says nothing", () => {
    expect(traceOfInvocation({ 'x-amzn-trace-id': xray }, '')).toMatchObject({ context: { traceId: xrayId } });
  });

  it('has a span of its own each time', () => {
    const spans = Array.from({ length: 50 }, () => traceOfInvocation({}, xray)?.context.spanId);
    expect(new Set(spans).size).toBe(50);
    for (const span of spans) expect(span).toMatch(/^[0-9a-f]{16}$/);
  });

  it("names the caller's trace if that is another", () => {
    expect(traceOfInvocation({ traceparent: caller }, xray)?.causedBy).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
    expect(traceOfInvocation({ traceparent: `00-${xrayId}-00f067aa0ba902b7-01` }, xray)).not.toHaveProperty('causedBy');
    expect(traceOfInvocation({ traceparent: 'no' }, xray)).not.toHaveProperty('causedBy');
  });

  it("is the caller's own where nobody else traces, and is not X-Ray's to record", () => {
    expect(traceOfInvocation({ traceparent: caller }, '')).toEqual({
      context: { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', isSampled: true },
    });
  });

  it('is none without any', () => {
    expect(traceOfInvocation({}, '')).toBeUndefined();
  });
});
