import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/until.ts';
import { endState } from './end-state.ts';
import { Load, transferAsync } from './load.ts';
import { scale } from './scale.ts';
import { ScenarioRuntime } from './scenario-runtime.ts';

/** Six seconds by default, in which every call is refused; a minute at scale 10. */
const outageMs = 6_000 * scale;
const timeoutMs = 180_000 + outageMs;
const accounts = ['alice', 'bob', 'carol', 'dave'];

let runtime: ScenarioRuntime;
const load = new Load();
beforeAll(async () => {
  runtime = await ScenarioRuntime.start();
  await load.prepare(runtime.api, accounts, 100_000);
}, timeoutMs);
afterAll(() => runtime?.stop());

describe('a DynamoDB that refuses every call for its load', () => {
  it(
    'delays what was accepted, blames nobody, and loses nothing',
    async () => {
      const { proxy, api } = runtime;
      let answers = 0;
      const running = load.run(
        api,
        accounts.map((source, index) =>
          Array.from({ length: 40 }, (_, i) =>
            transferAsync(source, accounts[(index + 1) % accounts.length] as string, i + 1),
          ),
        ),
        () => answers++,
      );
      await until('some to be accepted', () => answers >= 60);
      proxy.log.length = 0;
      proxy.rules.push({ fault: { kind: 'throttle' } });
      const movement = { source: 'alice', destination: 'bob', asset: 'USD/2', amount: 1 };
      const refusal = api.post('/v1/transfers', movement);
      // Workers have met it too, and not only requests.
      const metByWorkers = until('what more than a request meets', () => proxy.log.length > 20, timeoutMs);
      const [refused] = await Promise.all([refusal, sleep(outageMs), metByWorkers]);
      proxy.rules.length = 0;
      // Nothing was sent, or it is known to have failed: so it is said, and the request may come again.
      expect([refused.status, refused.body.code]).toEqual([503, 'unavailable']);
      await running;
      const { findings } = await endState(runtime, load);
      expect(findings).toEqual([]);
      expect(proxy.log.filter(({ operation }) => operation === 'UpdateItem')).not.toContainEqual(
        expect.objectContaining({ body: expect.objectContaining({ UpdateExpression: 'SET failures = :failures' }) }),
      );
    },
    timeoutMs,
  );
});
