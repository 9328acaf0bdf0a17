import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findLocalPage } from '../../infra/local/local-pages.ts';
import { MetricRegistry } from '../../infra/local/metric-registry.ts';
import { startEmbeddedHere, type TestRuntime } from '../support/embedded.ts';
import { until } from '../support/until.ts';
import { readPrometheusText, type Series, seriesValue } from './prometheus-text.ts';

interface Measured {
  readonly namespace?: string;
  readonly unit?: string;
  readonly dimensions?: Record<string, string>;
}

/** A line with one metric. */
function line(name: string, value: unknown, { namespace, unit, dimensions = {} }: Measured = {}) {
  const metric = { Name: name, ...(unit && { Unit: unit }) };
  const directive = { Namespace: namespace ?? 'Florin/dev', Dimensions: [Object.keys(dimensions)], Metrics: [metric] };
  return { _aws: { Timestamp: 1, CloudWatchMetrics: [directive] }, [name]: value, ...dimensions };
}

describe('MetricRegistry', () => {
  let shown: string[];
  let metrics: MetricRegistry;
  const read = async (): Promise<Series[]> => readPrometheusText(await metrics.text());

  beforeEach(() => {
    shown = [];
    metrics = new MetricRegistry((text) => shown.push(text));
  });

  it('makes counters of counts', async () => {
    const labels = { service: 'florin-accounts', operation: 'getAccount' };
    metrics.record('f', line('Requests', 1, { unit: 'Count', dimensions: labels }));
    metrics.record('f', line('Requests', [1, 2], { unit: 'Count', dimensions: labels }));
    expect(seriesValue(await read(), 'florin_requests_total', labels)).toBe(4);
  });

  it('makes histograms of times, in seconds', async () => {
    metrics.record('f', line('Latency', [3, 700], { unit: 'Milliseconds', dimensions: { service: 's' } }));
    const series = await read();
    expect(seriesValue(series, 'florin_latency_seconds_sum')).toBeCloseTo(0.703);
    expect(seriesValue(series, 'florin_latency_seconds_count')).toBe(2);
    expect(seriesValue(series, 'florin_latency_seconds_bucket', { le: '0.0025' })).toBe(0);
    expect(seriesValue(series, 'florin_latency_seconds_bucket', { le: '0.005' })).toBe(1);
    expect(seriesValue(series, 'florin_latency_seconds_bucket', { le: '+Inf' })).toBe(2);
  });

  it('makes a histogram of the attempts of commits, though their unit is a count', async () => {
    for (const attempts of [1, 1, 4]) metrics.record('f', line('CommitAttempts', attempts, { unit: 'Count' }));
    const series = await read();
    expect(seriesValue(series, 'florin_commit_attempts_bucket', { le: '1' })).toBe(2);
    expect(seriesValue(series, 'florin_commit_attempts_sum')).toBe(6);
  });

  it('makes names and labels valid, whatever they were', async () => {
    const dimensions = { 'Größe (cm)': 'a"b\\c\nd', le: 'x', __proto__x: '1' };
    metrics.record('f', line('4xx-HTTPErrors', 1, { namespace: '9/x', unit: 'Count', dimensions }));
    metrics.record('f', line('Heap', 5, { namespace: 'Other', unit: 'Bytes' }));
    const series = await read();
    const errors = series.find(({ name }) => name.includes('http_errors'));
    expect(errors).toEqual({
      name: '_9__4xx_http_errors_total',
      labels: { gr__e__cm_: 'a"b\\c\nd', le_: 'x', _proto__x: '1' },
      value: 1,
    });
    expect(seriesValue(series, 'other_heap_bytes_sum')).toBe(5);
  });

  it('counts malformed lines, shows the first, and never throws', async () => {
    for (const value of ['1', null, 'x']) metrics.record('f', line('Requests', value, { unit: 'Count' }));
    expect(seriesValue(await read(), 'florin_runtime_rejected_metrics_total', { reason: 'malformed' })).toBe(3);
    expect(shown).toEqual([expect.stringMatching(/^WARN f: .*malformed.*Requests is no number/)]);
  });

  it('refuses another unit, other dimensions, and a counter that counts down', async () => {
    metrics.record('f', line('Jobs', 1, { unit: 'Count', dimensions: { service: 's' } }));
    metrics.record('f', line('Jobs', 1, { unit: 'Count', dimensions: { queue: 'q' } }));
    metrics.record('f', line('Jobs', -1, { unit: 'Count', dimensions: { service: 's' } }));
    metrics.record('f', line('Time', 1, { unit: 'Milliseconds' }));
    metrics.record('f', line('Time', 1, { unit: 'Seconds' }));
    const series = await read();
    expect(seriesValue(series, 'florin_jobs_total')).toBe(1);
    expect(seriesValue(series, 'florin_time_seconds_count')).toBe(1);
    expect(seriesValue(series, 'florin_runtime_rejected_metrics_total', { reason: 'conflicting' })).toBe(3);
    expect(shown).toHaveLength(1);
  });

  it('bounds the series of a metric, and the metrics', async () => {
    for (let client = 0; client < 600; client += 1) {
      metrics.record('f', line('Calls', 1, { unit: 'Count', dimensions: { client: String(client) } }));
    }
    for (let metric = 0; metric < 300; metric += 1) metrics.record('f', line(`M${metric}`, 1, { unit: 'Count' }));
    // One that is known still counts.
    metrics.record('f', line('Calls', 1, { unit: 'Count', dimensions: { client: '7' } }));
    const series = await read();
    expect(series.filter(({ name }) => name === 'florin_calls_total')).toHaveLength(500);
    expect(seriesValue(series, 'florin_calls_total', { client: '7' })).toBe(2);
    expect(new Set(series.map(({ name }) => name)).size).toBeLessThan(210);
    expect(seriesValue(series, 'florin_runtime_rejected_metrics_total', { reason: 'too-many' })).toBe(100 + 101);
  });

  it('shares nothing with another one', async () => {
    metrics.record('f', line('Requests', 1, { unit: 'Count' }));
    const other = new MetricRegistry(() => undefined);
    expect(seriesValue(readPrometheusText(await other.text()), 'florin_requests_total')).toBeUndefined();
  });
});

describe('GET /metrics', () => {
  let runtime: TestRuntime;
  const assemblyFolder = join(import.meta.dirname, 'fixtures/assembly');
  const get = (path: string, method = 'GET') => fetch(`${runtime.url}${path}`, { method });
  const scrape = async (): Promise<Series[]> => readPrometheusText(await (await get('/metrics')).text());

  /** Functions hand over what they print every 50 ms. */
  const scrapedOnce = (what: string, isSo: (series: Series[]) => boolean): Promise<Series[]> =>
    until(what, async () => {
      const series = await scrape();
      return isSo(series) && series;
    });

  beforeEach(async () => {
    runtime = await startEmbeddedHere({ assemblyFolder, seed: false });
  });

  afterEach(() => runtime?.stop());

  it('tells what functions printed, without a credential', async () => {
    const entry = line('Requests', 1, { unit: 'Count', dimensions: { service: 'echo' } });
    const print = (text: string) => get(`/items/1?print=${encodeURIComponent(text)}`);
    await print(JSON.stringify(entry));
    await print(JSON.stringify({ level: 'INFO', message: 'request', ...entry }));
    await print(JSON.stringify({ ...entry, Requests: 'one' }));
    const answered = await scrapedOnce(
      'all is taken',
      (series) => seriesValue(series, 'florin_runtime_rejected_metrics_total', { reason: 'malformed' }) === 1,
    );
    expect(seriesValue(answered, 'florin_requests_total', { service: 'echo' })).toBe(2);
    expect(seriesValue(answered, 'florin_runtime_rejected_metrics_total', { reason: 'malformed' })).toBe(1);
  });

  it('has the media type that scrapers expect, answers HEAD, and refuses what would change something', async () => {
    const page = await get('/metrics');
    expect(page.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const head = await get('/metrics', 'HEAD');
    expect([head.status, Number(head.headers.get('content-length')) > 0, await head.text()]).toEqual([200, true, '']);
    const post = await get('/metrics', 'POST');
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect((await get('/metrics?x=1')).status).toBe(200);
    expect((await get('/metrics/x')).status).toBe(404);
  });

  it('tells of isolates, cold starts, failures and answers by status, and not of itself', async () => {
    const name = (logicalId: string) => ({ function: `Front-${logicalId}` });
    await get('/items/1');
    await get('/items/2');
    await get('/crash?how=exit');
    await get('/crash?how=exit');
    await get('/missing');
    await get('/items/1?throw=1');
    await get('/nowhere');
    const series = await scrape();
    const echo = name('EchoFunction');
    expect(seriesValue(series, 'florin_runtime_isolates', echo)).toBe(1);
    expect(seriesValue(series, 'florin_runtime_cold_starts_total', echo)).toBe(1);
    expect(seriesValue(series, 'florin_runtime_isolates', name('SlowFunction'))).toBe(0);
    expect(seriesValue(series, 'florin_runtime_isolates', name('CrashFunction'))).toBe(0);
    expect(seriesValue(series, 'florin_runtime_cold_starts_total', name('CrashFunction'))).toBe(2);
    const failures = (logicalId: string, failure: string) =>
      seriesValue(series, 'florin_runtime_failed_invocations_total', { ...name(logicalId), failure });
    expect(failures('CrashFunction', 'crashed')).toBe(2);
    expect(failures('MissingFunction', 'not-loaded')).toBe(1);
    expect(failures('EchoFunction', 'handler-error')).toBe(1);
    const answers = series.filter((each) => each.name === 'florin_runtime_responses_total');
    expect(Object.fromEntries(answers.map(({ labels, value }) => [labels.status, value]))).toEqual({
      200: 2,
      404: 1,
      503: 4,
    });
    expect(seriesValue(series, 'process_resident_memory_bytes')).toBeGreaterThan(50e6);
  });

  it('counts a client that goes away before its answer', async () => {
    const outgoing = request(`${runtime.url}/items/1?sleep=2000`);
    outgoing.on('error', () => undefined);
    outgoing.end();
    const echo = { function: 'Front-EchoFunction' };
    await scrapedOnce('it is at work', (each) => seriesValue(each, 'florin_runtime_isolates', echo) === 1);
    outgoing.destroy();
    await scrapedOnce(
      'it is counted',
      (each) => seriesValue(each, 'florin_runtime_responses_total', { status: 'aborted' }) === 1,
    );
  });
});

describe('findLocalPage', () => {
  const page = { contentType: 'text/plain', text: async () => 'figures' };
  const find = (localAddress: string | undefined, remoteAddress: string | undefined, path = '/metrics') =>
    findLocalPage(new Map([['/metrics', page]]), path, {
      socket: { localAddress, remoteAddress } as IncomingMessage['socket'],
    });

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['::ffff:127.0.0.1', '::ffff:127.8.8.8'],
  ])('finds it on the loopback interface (%s, %s)', (local, remote) => {
    expect(find(local, remote)).toBe(page);
    expect(find(local, remote, '/v1/metrics')).toBeUndefined();
  });

  it.each([
    ['192.168.1.7', '192.168.1.7'],
    ['192.168.1.7', '127.0.0.1'],
    ['127.0.0.1', '10.0.0.2'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
    ['127.evil.example', '127.0.0.1'],
    [undefined, undefined],
  ])('finds nothing elsewhere (%s, %s)', (local, remote) => expect(find(local, remote)).toBeUndefined());
});
