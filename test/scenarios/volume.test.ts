import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { endState } from './end-state.ts';
import { Load, transferAsync, type Wish } from './load.ts';
import { scale } from './scale.ts';
import { ScenarioRuntime } from './scenario-runtime.ts';

const spreadTransfers = 1_000 * scale;
const hotTransfers = scale === 1 ? 300 : 200 * scale;
const clients = 8;
const accounts = Array.from({ length: 100 }, (_, i) => `user_${i}`);
const hot = accounts[0] as string;
const timeoutMs = 120_000 * scale;

let runtime: ScenarioRuntime;
const load = new Load();
beforeAll(async () => {
  runtime = await ScenarioRuntime.start({ isDirect: true });
  await load.prepare(runtime.api, accounts, 1_000_000);
}, timeoutMs);
afterAll(() => runtime?.stop());

/** Deals the transfers to the clients, each to make its own one after the other. */
function dealt(count: number, wish: (index: number) => Wish): Wish[][] {
  const wishes = Array.from({ length: count }, (_, index) => wish(index));
  return Array.from({ length: clients }, (_, client) => wishes.filter((_, index) => index % clients === client));
}

describe('asynchronous transfers from 8 clients', () => {
  it.each([
    {
      what: `${spreadTransfers} over 100 accounts`,
      wishes: dealt(spreadTransfers, (i) =>
        transferAsync(accounts[(i * 7) % 100] as string, accounts[(i * 7 + 1 + (i % 98)) % 100] as string, 1 + (i % 9)),
      ),
    },
    {
      what: `${hotTransfers} from one hot account`,
      wishes: dealt(hotTransfers, (i) => transferAsync(hot, accounts[1 + (i % 99)] as string, 1 + (i % 9))),
    },
  ])(
    '$what all come to their ends, once, in order',
    async ({ wishes }) => {
      const before = load.granted.length;
      await load.run(runtime.api, wishes);
      const { findings, posted } = await endState(runtime, load);
      expect(findings).toEqual([]);
      expect(load.granted.length - before).toBe(wishes.flat().length);
      expect(posted).toBe(load.granted.length);
    },
    timeoutMs,
  );
});
