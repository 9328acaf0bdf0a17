import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { FunctionDefinition } from '../../infra/local/deployment.ts';
import type { FunctionOutput } from '../../infra/local/function-isolate.ts';
import { LambdaFunction } from '../../infra/local/lambda-function.ts';
import { readApplication } from '../../infra/local/template-reader.ts';

const { functions } = readApplication(join(import.meta.dirname, 'fixtures/assembly')).describe({
  parameters: { ApiKeySha256: 'digest' },
  queueUrl: () => '',
});

interface EchoAnswer {
  readonly mostAtOnce: number;
  readonly invocations: number;
  readonly storeIsMine: boolean;
  readonly environment: NodeJS.ProcessEnv;
}

const running: LambdaFunction[] = [];
const printed: string[] = [];
const failures: string[] = [];
const output: FunctionOutput = {
  printed: (_, text) => printed.push(text),
  failed: (_, message) => failures.push(message),
};

function start(logicalId: string, isolates?: number, compiledCodeFolder?: string): LambdaFunction {
  const definition = functions.find((each) => each.logicalId === logicalId) as FunctionDefinition;
  const endpoints = { dynamodb: 'http://127.0.0.1:1' };
  const started = new LambdaFunction(definition, { endpoints, isolates, compiledCodeFolder, output });
  running.push(started);
  return started;
}

async function echo(target: LambdaFunction, query: Record<string, string> = {}, waitMs = 5_000): Promise<EchoAnswer> {
  const answer = await target.invoke({ queryStringParameters: query }, waitMs);
  return JSON.parse((answer as { body: string }).body);
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
  printed.length = 0;
  failures.length = 0;
});

describe('a function in one isolate', () => {
  it('runs invocations at once, each with a store of its own', async () => {
    const target = start('EchoFunction');
    const answers = await Promise.all(Array.from({ length: 20 }, () => echo(target, { sleep: '50' })));
    expect(answers.at(-1)?.mostAtOnce).toBe(20);
    expect(answers.every(({ storeIsMine }) => storeIsMine)).toBe(true);
    expect(answers[0]?.environment.AWS_LAMBDA_MAX_CONCURRENCY).toBeDefined();
  });

  it('keeps the compiled code of its bundle where it is told to, for the next one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'florin-test-'));
    const compiled = () =>
      readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
    for (const _ of ['compiles', 'finds it compiled']) {
      const target = start('EchoFunction', undefined, folder);
      expect(await echo(target)).toMatchObject({ invocations: 1 });
      await target.stop();
      expect(compiled()).toHaveLength(1);
    }
    rmSync(folder, { recursive: true });
  });

  it('answers a time-out, and serves others in the same isolate meanwhile and afterwards', async () => {
    const target = start('SlowFunction');
    const late = target.invoke({}, 5_000);
    await expect(target.invoke({ queryStringParameters: { quick: '1' } }, 5_000)).resolves.toMatchObject({
      body: 'quick',
    });
    await expect(late).rejects.toMatchObject({ failure: 'timed-out' });
    await expect(target.invoke({ queryStringParameters: { quick: '1' } }, 5_000)).resolves.toMatchObject({
      body: 'quick',
    });
    expect(failures).toEqual([expect.stringContaining('timed out after 1 s')]);
  });

  it('ends a thread that runs in circles, and starts another', async () => {
    const target = start('SlowFunction');
    const quick = () => target.invoke({ queryStringParameters: { quick: '1' } }, 5_000);
    await quick();
    await expect(target.invoke({ queryStringParameters: { spin: '1' } }, 5_000)).rejects.toMatchObject({
      failure: 'timed-out',
    });
    await expect(quick()).rejects.toMatchObject({ failure: 'crashed' });
    await expect(quick()).resolves.toMatchObject({ body: 'quick' });
  });

  it.each(['exit', 'throw'])(
    'fails every invocation in flight when its thread ends by %s, and starts another',
    async (how) => {
      const target = start('CrashFunction');
      const invoke = (query: object) => target.invoke({ queryStringParameters: query }, 5_000);
      await invoke({});
      const together = await Promise.allSettled([invoke({ how: 'throw' }), invoke({ how })]);
      for (const outcome of together) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { failure: 'crashed' } });
      }
      await expect(invoke({})).resolves.toMatchObject({ body: 'alive' });
    },
  );

  it('says why a bundle cannot be loaded', async () => {
    const target = start('MissingFunction');
    await expect(target.invoke({}, 1_000)).rejects.toMatchObject({ failure: 'not-loaded' });
    expect(failures.join()).toMatch(/absent\.mjs/);
  });

  it('starts anew after its memory was reclaimed, but keeps an isolate that is at work', async () => {
    const target = start('EchoFunction');
    const busy = echo(target, { sleep: '100' });
    await target.reclaim(0);
    expect((await busy).invocations).toBe(1);
    await target.reclaim(60_000);
    expect((await echo(target)).invocations).toBe(2);
    await target.reclaim(0);
    expect((await echo(target)).invocations).toBe(1);
  });

  it('hands over all that was printed, also at the very end', async () => {
    const target = start('EchoFunction');
    await Promise.all(Array.from({ length: 5 }, () => echo(target)));
    await target.stop();
    expect(printed.join('').match(/"echoed"/g)).toHaveLength(5);
  });
});

describe('a function in several isolates', () => {
  it('gives each one request at a time, and lets the others wait', async () => {
    const target = start('EchoFunction', 2);
    const answers = await Promise.all(Array.from({ length: 8 }, () => echo(target, { sleep: '20' })));
    expect(answers.map(({ mostAtOnce }) => mostAtOnce)).toEqual(Array(8).fill(1));
    expect(answers.reduce((most, { invocations }) => Math.max(most, invocations), 0)).toBeGreaterThanOrEqual(4);
    expect(answers[0]?.environment).not.toHaveProperty('AWS_LAMBDA_MAX_CONCURRENCY');
  });

  it('gives up what waits for too long, without running it', async () => {
    const target = start('EchoFunction', 1);
    await echo(target);
    const first = echo(target, { sleep: '900' });
    await expect(echo(target, {}, 100)).rejects.toMatchObject({ failure: 'not-started' });
    expect((await first).invocations).toBe(2);
  });

  it('refuses more than a bounded number of waiting requests', async () => {
    const target = start('EchoFunction', 1);
    const outcomes = await Promise.allSettled(Array.from({ length: 1_005 }, () => echo(target, {}, 30_000)));
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(4);
    expect(outcomes.at(-1)).toMatchObject({ reason: { failure: 'throttled' } });
  });

  it('replaces an isolate whose invocation timed out, as Lambda does', async () => {
    const target = start('SlowFunction', 1);
    await expect(target.invoke({}, 5_000)).rejects.toMatchObject({ failure: 'timed-out' });
    await expect(target.invoke({ queryStringParameters: { quick: '1' } }, 5_000)).resolves.toMatchObject({
      body: 'quick',
    });
  });
});
