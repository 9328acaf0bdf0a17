import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type RuntimeProcess, startEmbeddedHere, startEmbeddedProcess } from '../support/embedded.ts';
import { until } from '../support/until.ts';
import { readPrometheusText, seriesValue } from './prometheus-text.ts';

// Each test starts whole runtimes, which takes a busy machine a while.
jest.setTimeout(120_000);

let dataFolder: string;
const running: RuntimeProcess[] = [];

async function start(options: Parameters<typeof startEmbeddedProcess>[0] = {}): Promise<RuntimeProcess> {
  const runtime = await startEmbeddedProcess({ dataFolder, ...options });
  running.push(runtime);
  return runtime;
}

async function balance(runtime: RuntimeProcess, account: string, asset: string): Promise<string> {
  const answer = await fetch(`${runtime.url}/v1/accounts/${account}/balances/${asset}`, {
    headers: { authorization: `Bearer ${runtime.apiKey}` },
  });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { posted: string }).posted;
}

function transfer(runtime: RuntimeProcess, key: string): Promise<Response> {
  return fetch(`${runtime.url}/v1/transfers`, {
    method: 'POST',
    headers: { authorization: `Bearer ${runtime.apiKey}`, 'idempotency-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({ source: 'user_001', destination: 'user_002', asset: 'GOLD_COINS', amount: '1' }),
  });
}

beforeEach(() => {
  dataFolder = mkdtempSync(join(tmpdir(), 'florin-test-'));
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((runtime) => runtime.stop()));
  rmSync(dataFolder, { recursive: true, maxRetries: 5 });
});

describe('npm start, while it runs,', () => {
  let runtime: RuntimeProcess;
  beforeAll(async () => {
    runtime = await startEmbeddedProcess();
  });
  afterAll(() => runtime.stop());

  it('seeds demo data, and prints curl lines that work as pasted', async () => {
    const lines = runtime.output().match(/^ {2}curl .*$/gm) ?? [];
    expect(lines).toHaveLength(3);
    expect(await balance(runtime, 'user_001', 'USD.2')).toBe('10000');
    const answers = lines.map((line) => JSON.parse(execFileSync('sh', ['-c', `${line} -s`], { encoding: 'utf8' })));
    expect(answers[0].data).toHaveLength(4);
    expect(answers[1]).toMatchObject({ status: 'posted' });
    expect(answers[2].data[0]).toMatchObject({ asset: 'GOLD_COINS', amount: '-25' });
    expect(await balance(runtime, 'user_002', 'GOLD_COINS')).toBe('1025');
  });

  it('says nothing of requests where nobody reads along', async () => {
    const { status, headers } = await transfer(runtime, 'quiet');
    expect(status).toBe(201);
    const correlation = headers.get('x-correlation-id') ?? '';
    expect(correlation).not.toBe('');
    await until('the request is in the log', () =>
      readFileSync(join(runtime.dataFolder, 'functions.log'), 'utf8').includes(correlation),
    );
    expect(runtime.output()).not.toContain('createTransfer');
  });

  it('says which Florin owns the data folder', async () => {
    await expect(startEmbeddedProcess({ dataFolder: runtime.dataFolder })).rejects.toThrow(
      new RegExp(`in use by another Florin \\(process ${runtime.pid}, port ${runtime.port}\\)`),
    );
  });

  it('says what to do about a port in use', async () => {
    await expect(startEmbeddedProcess({ port: runtime.port })).rejects.toThrow(
      `Port ${runtime.port} is in use. Choose another: PORT=${runtime.port + 1} npm start`,
    );
  });
});

describe('npm start', () => {
  it('keeps everything over SIGKILL, ends its database too, and does not seed twice', async () => {
    const first = await start();
    const keys = Array.from({ length: 40 }, (_, index) => `kill-${index}`);
    const underway = Promise.allSettled(keys.map((key) => transfer(first, key)));
    await transfer(first, 'before');
    await first.kill();
    await underway;
    const second = await start();
    expect(second.apiKey).toBe(first.apiKey);
    const retries = await Promise.all(keys.map((key) => transfer(second, key)));
    expect(new Set(retries.map(({ status }) => status))).toEqual(new Set([201]));
    expect(await balance(second, 'user_001', 'GOLD_COINS')).toBe(String(1_000 - 1 - keys.length));
    expect(() => process.kill(first.dynamodbPid as number, 0)).toThrow();
  });

  it('continues a seed that was broken off', async () => {
    const first = await start();
    await first.stop();
    rmSync(join(dataFolder, 'seeded.json'));
    const second = await start();
    expect(await balance(second, 'user_001', 'GOLD_COINS')).toBe('1000');
  });

  it('finishes the requests in flight before it stops', async () => {
    const runtime = await start();
    const requests = Array.from({ length: 30 }, (_, index) => transfer(runtime, `stop-${index}`));
    // The first answer shows that they have arrived: all were sent at once.
    await Promise.race(requests);
    const [outcomes] = await Promise.all([Promise.allSettled(requests), runtime.stop()]);
    const answered = outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value.status === 201);
    expect(answered).toHaveLength(30);
  });

  it('counts what it does at /metrics, and tells each request to whoever wants to read it', async () => {
    const runtime = await start({ log: 'requests' });
    expect((await transfer(runtime, 'once')).headers.get('idempotent-replayed')).toBeNull();
    const answer = await transfer(runtime, 'once');
    const correlation = answer.headers.get('x-correlation-id') ?? '';
    expect(correlation).not.toBe('');
    await until('the request is told', () => runtime.output().includes(correlation));
    // Those that made the demo data would only hide what a new user is to read.
    expect(runtime.output()).not.toMatch(/createAsset|createTopUp/);
    expect(runtime.output().match(/^.*createTransfer.*$/gm)).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d 201 .*createTransfer [0-9.]+ ms/),
      expect.stringMatching(/^\d\d:\d\d:\d\d 201 .*createTransfer [0-9.]+ ms .*replayed/),
    ]);
    const series = readPrometheusText(await (await fetch(`${runtime.url}/metrics`)).text());
    const operation = { operation: 'createTransfer' };
    expect(seriesValue(series, 'florin_requests_total', operation)).toBe(2);
    expect(seriesValue(series, 'florin_replays_total', operation)).toBe(1);
    expect(seriesValue(series, 'florin_latency_seconds_count', operation)).toBe(2);
    expect(seriesValue(series, 'florin_transactions_total', { type: 'transfer', outcome: 'posted' })).toBe(1);
    expect(seriesValue(series, 'florin_commit_attempts_count')).toBeGreaterThan(0);
    expect(series.filter(({ name }) => name === 'florin_runtime_rejected_metrics_total')).toEqual([]);
    expect(readFileSync(join(dataFolder, 'functions.log'), 'utf8')).toContain(`"${correlation}"`);
  });

  it('lets a developer try the feature flags by a file', async () => {
    const first = await start();
    await first.stop();
    running.pop();
    writeFileSync(join(dataFolder, 'flags.json'), '{"acceptWrites": false}');
    const second = await start();
    expect(second.output()).toContain('is now {"acceptWrites": false}');
    const refused = await transfer(second, 'while-closed');
    expect([refused.status, refused.headers.has('retry-after')]).toEqual([503, true]);
    expect(await refused.json()).toMatchObject({ code: 'unavailable' });
    expect(await balance(second, 'user_001', 'GOLD_COINS')).toBe('1000');
  });

  it('uses the DynamoDB it is given, and starts none', async () => {
    const other = await startEmbeddedHere({ seed: false });
    try {
      const runtime = await start({ dynamodbEndpoint: other.dynamodbEndpoint });
      expect(runtime.dynamodbPid).toBeUndefined();
      expect(await balance(runtime, 'user_002', 'DIAMONDS')).toBe('50');
      await runtime.stop();
    } finally {
      await other.stop();
    }
  });

  it('gives the functions the endpoint of a proxy when asked to', async () => {
    const seen: string[] = [];
    const runtime = await startEmbeddedHere({
      functionsEndpoint: (real) => {
        seen.push(real);
        return 'http://127.0.0.1:1';
      },
      seed: false,
    });
    try {
      expect(seen).toEqual([runtime.dynamodbEndpoint]);
      const answer = await fetch(`${runtime.url}/v1/accounts/user_001`, { headers: { 'x-api-key': runtime.apiKey } });
      expect(answer.status).toBe(503);
    } finally {
      await runtime.stop();
    }
  });
});

describe('npm start says what to do about', () => {
  it('a damaged data file', async () => {
    const first = await start({ seed: false });
    await first.stop();
    running.pop();
    const file = join(dataFolder, 'dynamodb.sqlite');
    writeFileSync(file, readFileSync(file).fill(0x5a, 0, 8_192));
    await expect(startEmbeddedProcess({ dataFolder })).rejects.toThrow(
      /dynamodb\.sqlite is damaged[\s\S]*npm run reset/,
    );
  });

  it.each([
    ['a malformed key', { apiKey: 'secret' }, /FLORIN_API_KEY does not hold a development key/],
    [
      'a DynamoDB that does not answer',
      { dynamodbEndpoint: 'http://127.0.0.1:1' },
      /AWS_ENDPOINT_URL_DYNAMODB\) cannot be used/,
    ],
    ['a port that is none', { port: 70_000 }, /PORT=70000 is not a whole number/],
  ])('%s', async (_, options, message) => {
    await expect(startEmbeddedProcess({ dataFolder, ...options })).rejects.toThrow(message);
  });
});
