import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { endState } from './end-state.ts';
import { Load, transferAsync, type Wish } from './load.ts';
import { sendMessages } from './messages.ts';
import { ScenarioRuntime } from './scenario-runtime.ts';

const timeoutMs = 120_000;
const accounts = ['alice', 'bob', 'carol', 'dave'];
const wishesEach = 20;

let runtime: ScenarioRuntime;
const load = new Load();
beforeAll(async () => {
  runtime = await ScenarioRuntime.start({ deliversTwice: true });
  await load.prepare(runtime.api, accounts, 500);
}, timeoutMs);
afterAll(() => runtime?.stop());

/** One client for each account; the last wishes are for more than there is. */
function wishesOf(index: number): Wish[] {
  const source = accounts[index] as string;
  const destination = accounts[(index + 1) % accounts.length] as string;
  return Array.from({ length: wishesEach }, (_, i): Wish => {
    const movement = { source, destination, amount: i + 1 };
    if (i === 5) return { kind: 'batch', isAsync: true, movements: [movement, { ...movement, amount: 2 }] };
    if (i === 6) return { kind: 'hold', reservation: { account: source, amount: i } };
    return transferAsync(source, destination, i === wishesEach - 1 ? 1_000_000 : movement.amount);
  });
}

describe('a pipeline in which everything is delivered twice', () => {
  it(
    'does everything once, with stream records and messages that come twice at the same moment',
    async () => {
      await load.run(
        runtime.api,
        accounts.map((_, index) => wishesOf(index)),
      );
      const { findings, rejected } = await endState(runtime, load);
      expect(findings).toEqual([]);
      expect(rejected).toBe(accounts.length);
    },
    timeoutMs,
  );

  it(
    'does nothing when every message of before is sent again',
    async () => {
      const before = await endState(runtime, load);
      const records = load.granted.map(({ record }) => record);
      const items = records.map((record) => `T#default#X#${record}`);
      const tenant = 'default';
      const looks = accounts.map((account) => ({ tenant, account }));
      for (const group of ['one', 'another']) {
        await sendMessages(runtime, 'Lines', looks, group);
        await sendMessages(runtime, 'Journal', [{ tenant, items }], group);
        await sendMessages(runtime, 'Publication', [{ tenant }, { tenant }], group);
      }
      expect(await endState(runtime, load)).toEqual(before);
      expect(before.findings).toEqual([]);
    },
    timeoutMs,
  );
});
