import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { seededRandom } from '../support/seeded-random.ts';
import { until } from '../support/until.ts';
import { endState } from './end-state.ts';
import { Load, transferAsync, type Wish } from './load.ts';
import { ScenarioRuntime } from './scenario-runtime.ts';

const timeoutMs = 180_000;
const accounts = Array.from({ length: 12 }, (_, i) => `user_${i}`);
const clients = 8;
const wishesEach = 30;
const kills = 6;

const seed = Number(process.env.FLORIN_SCENARIO_SEED ?? Math.floor(Math.random() * 2 ** 32));
const random = seededRandom(seed);
const upTo = (limit: number): number => Math.floor(random() * limit);

let runtime: ScenarioRuntime;
const load = new Load();
beforeAll(async () => {
  runtime = await ScenarioRuntime.start({ isDirect: true });
  await load.prepare(runtime.api, accounts, 100_000);
}, timeoutMs);
afterAll(() => runtime?.stop());

describe('a runtime that is killed again and again under load', () => {
  it(
    `comes to rest with all done once, in order, journaled and published (FLORIN_SCENARIO_SEED=${seed})`,
    async () => {
      let answers = 0;
      const running = load.run(
        runtime.api,
        Array.from({ length: clients }, () => Array.from({ length: wishesEach }, drawWish)),
        () => answers++,
      );
      for (let kill = 1; kill <= kills; kill++) {
        const enough = Math.floor((kill * clients * wishesEach) / (kills + 1));
        await Promise.race([running, until(`${enough} answers`, () => answers >= enough, timeoutMs)]);
        // Some milliseconds more, so that it is not always right behind an answer.
        await sleep(upTo(40));
        await runtime.kill(kill % 2 === 0 ? 'with database' : 'alone');
        await runtime.restart();
      }
      await running;
      const { findings, posted } = await endState(runtime, load, {
        // A message that was at work whenever a worker died, five times, is one too many: it is kept, and its line served all the same.
        deadMessages: 'any',
      });
      expect(findings).toEqual([]);
      expect(posted).toBeGreaterThan((clients * wishesEach) / 2);
    },
    timeoutMs,
  );
});

/** Mostly asynchronous transfers, of which some are for more than there is; and some of all else. */
function drawWish(): Wish {
  const from = upTo(accounts.length);
  const source = accounts[from] as string;
  const destination = accounts[(from + 1 + upTo(accounts.length - 1)) % accounts.length] as string;
  const movement = { source, destination, amount: 1 + upTo(50) };
  const kind = random();
  if (kind < 0.05) return { kind: 'batch', isAsync: true, movements: [movement, { ...movement, amount: 1 }] };
  if (kind < 0.1) return { kind: 'hold', reservation: { account: source, amount: movement.amount } };
  if (kind < 0.3) return { kind: 'transfer', isAsync: false, movement };
  return transferAsync(source, destination, kind < 0.33 ? 10_000_000 : movement.amount);
}
