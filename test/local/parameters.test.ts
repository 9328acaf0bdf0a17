import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetParameterCommand, type Parameter, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LoopbackServer } from '../../infra/local/loopback-server.ts';
import { startParameterStore } from '../../infra/local/parameter-store.ts';
import { Parameters } from '../../infra/local/parameters.ts';
import { busyMachineMs, until } from '../support/until.ts';

const name = '/florin/dev/flags';
const byTemplate = '{"acceptWrites":true,"disabledOperations":[]}';

let folder: string;
let file: string;
let shown: string[];
let parameters: Parameters;
let store: LoopbackServer;
let client: SSMClient;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'florin-test-'));
  file = join(folder, 'flags.json');
  shown = [];
});

async function start(): Promise<void> {
  const definitions = [
    { name, value: byTemplate },
    { name: '/florin/dev/other', value: 'plain' },
  ];
  parameters = new Parameters(definitions, file, (line) => shown.push(line));
  store = await startParameterStore((wanted) => parameters.find(wanted));
  client = new SSMClient({
    endpoint: store.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    maxAttempts: 1,
  });
}

afterEach(async () => {
  parameters.stop();
  client.destroy();
  await store.stop();
  rmSync(folder, { recursive: true });
});

async function get(wanted = name): Promise<Parameter | undefined> {
  return (await client.send(new GetParameterCommand({ Name: wanted }))).Parameter;
}

describe("the embedded Parameter Store, called through the AWS SDK's own client,", () => {
  it("gives the template's value, with what belongs to it", async () => {
    await start();
    expect(await get()).toEqual({
      ARN: 'arn:aws:ssm:us-east-1:000000000000:parameter/florin/dev/flags',
      DataType: 'text',
      LastModifiedDate: expect.any(Date),
      Name: name,
      Type: 'String',
      Value: byTemplate,
      Version: 1,
    });
    const age = Date.now() - Number((await get())?.LastModifiedDate);
    expect(age).toBeGreaterThanOrEqual(0);
    expect(age).toBeLessThan(busyMachineMs);
  });

  it('refuses properly what it does not have', async () => {
    await start();
    await expect(get('/florin/dev/nothing')).rejects.toMatchObject({ name: 'ParameterNotFound' });
    const put = new PutParameterCommand({ Name: name, Value: 'x', Overwrite: true });
    await expect(client.send(put)).rejects.toMatchObject({ name: 'UnknownOperationException' });
  });

  it.each(['', 'no json', '[]', 'null', '{}', '{"Name":7}', `{"Name":"${'x'.repeat(10_000)}"}`])(
    'refuses a request that is none: %s',
    async (body) => {
      await start();
      const headers = { 'x-amz-target': 'AmazonSSM.GetParameter', 'content-type': 'application/x-amz-json-1.1' };
      const answer = await fetch(store.endpoint, { method: 'POST', headers, body });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ __type: 'ValidationException' });
    },
  );

  it('cannot be reached but through the loopback interface', async () => {
    await start();
    const { port } = new URL(store.endpoint);
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal);
    for (const { address } of others) {
      await expect(fetch(`http://${address}:${port}`, { signal: AbortSignal.timeout(2_000) })).rejects.toThrow();
    }
    expect(store.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });
});

describe('flags.json', () => {
  it('overrides the flags, and nothing else, from the start', async () => {
    writeFileSync(file, '{"acceptWrites":false}\n');
    await start();
    expect(await get()).toMatchObject({ Value: '{"acceptWrites":false}', Version: 2 });
    expect(await get('/florin/dev/other')).toMatchObject({ Value: 'plain', Version: 1 });
    expect(shown).toEqual([`${name} is now {"acceptWrites":false} (functions look once a minute)`]);
  });

  it("is read again when it changes, and without it the template's value returns", async () => {
    await start();
    writeFileSync(file, '{"acceptWrites":false}');
    expect(await get()).toMatchObject({ Value: '{"acceptWrites":false}', Version: 2 });
    writeFileSync(file, '{"disabledOperations":["createTransfer"]}');
    expect(await get()).toMatchObject({ Value: '{"disabledOperations":["createTransfer"]}', Version: 3 });
    rmSync(file);
    expect(await get()).toMatchObject({ Value: byTemplate, Version: 4 });
  });

  it('is noticed within seconds, though nobody asks', async () => {
    await start();
    // What is written before the first look at the file is no change of it.
    await until('it is noticed', () => {
      writeFileSync(file, '{"acceptWrites":false}');
      return shown.length > 0;
    });
    expect(shown).toEqual([expect.stringContaining('is now {"acceptWrites":false}')]);
  });

  it.each(['{"acceptWrites":', '', '[]', 'null', `{"x":"${'x'.repeat(5_000)}"}`])(
    'changes nothing while it is malformed, which is said once: %s',
    async (content) => {
      await start();
      writeFileSync(file, '{"acceptWrites":false}');
      await get();
      shown.length = 0;
      writeFileSync(file, content);
      expect(await get()).toMatchObject({ Value: '{"acceptWrites":false}', Version: 2 });
      await get();
      expect(shown).toEqual([expect.stringMatching(/^WARN .*flags\.json is not used: .* stay as they were\.$/)]);
      writeFileSync(file, '{"acceptWrites":true}');
      expect(await get()).toMatchObject({ Value: '{"acceptWrites":true}', Version: 3 });
      writeFileSync(file, content);
      await get();
      // After it was in order, the same fault is news again.
      expect(shown).toHaveLength(3);
      expect(existsSync(file)).toBe(true);
    },
  );
});
