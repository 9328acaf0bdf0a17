import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { account, type LedgerFixture, startLedger, tenant, usd } from '../support/ledger-fixture.ts';

/**
 * Why the record of the transaction is the record of the key. Both transfers are killed at the same point: after
 * DynamoDB applied the ledger's write, before its answer arrived. Then the client retries with the same key.
 */
let books: LedgerFixture;
let proxy: FaultProxy;
beforeAll(async () => {
  books = await startLedger();
  proxy = await startFaultProxy({ target: books.database.endpoint });
  await books.createAccount('alice', { funds: 100n });
  await books.createAccount('bob');
});
afterAll(async () => {
  await proxy.stop();
  await books.stop();
});

function start(script: string) {
  const { ledger, idempotency } = books.database.tables;
  const path = fileURLToPath(new URL(`./crash/${script}`, import.meta.url));
  return spawn(process.execPath, [path, proxy.url, ledger, idempotency], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env },
  });
}

async function run(script: string): Promise<string> {
  const child = start(script);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  await once(child, 'close');
  return output.trim();
}

/** Runs a script and kills it with SIGKILL as soon as DynamoDB has applied its write. */
async function runAndKillAfterTheWrite(script: string): Promise<void> {
  proxy.log.length = 0;
  proxy.rules.push({ operation: 'TransactWriteItems', fault: { kind: 'hang', when: 'after' }, count: 1 });
  const child = start(script);
  const closed = once(child, 'close');
  await until(
    () =>
      child.exitCode !== null ||
      proxy.log.some((call) => call.operation === 'TransactWriteItems' && call.targetStatus === 200),
  );
  child.kill('SIGKILL');
  expect(await closed).toEqual([null, 'SIGKILL']);
  proxy.rules.length = 0;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('a process killed between the commit and the completion of its key', () => {
  it('pays twice with a generic idempotency wrapper', async () => {
    await runAndKillAfterTheWrite('wrapped-transfer.ts');
    expect(await naiveBalance('bob')).toBe('10');
    // The client retries. While the dead request counts as in progress it is refused; then it is executed again.
    let answer = await run('wrapped-transfer.ts');
    for (let retries = 0; answer === 'IdempotencyAlreadyInProgressError' && retries < 50; retries++) {
      answer = await run('wrapped-transfer.ts');
    }
    expect(answer).toBe('done');
    expect(await naiveBalance('bob')).toBe('20');
  });

  it('pays once with the record in the write', async () => {
    await runAndKillAfterTheWrite('florin-transfer.ts');
    expect(await run('florin-transfer.ts')).toBe('done replayed');
    expect((await books.ledger.balances.get(tenant, account('bob'), usd)).posted).toBe(10n);
    expect((await books.audit()).findings).toEqual([]);
  });
});

async function naiveBalance(id: string): Promise<string | undefined> {
  const { Item } = await books.database.client.send(
    new GetItemCommand({
      TableName: books.database.tables.ledger,
      Key: { PK: { S: `naive#${id}` }, SK: { S: 'BALANCE' } },
    }),
  );
  return Item?.posted?.N;
}
