import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parameters } from '../support/property.ts';
import { client, excessOf, Simulation } from './rate-simulation.ts';

const policies = fc.record({
  requestsPerSecond: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 20, max: 2_000 })),
  burst: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 20, max: 300 })),
});

/** So many requests to one instance, evenly spread from an instant on; the minute ends in the middle of it all. */
const salvos = fc.record({
  instance: fc.nat({ max: 4 }),
  atMs: fc.oneof(fc.nat({ max: 60_000 }), fc.integer({ min: 28_000, max: 32_000 })),
  requests: fc.integer({ min: 1, max: 120 }),
  everyMs: fc.constantFrom(0, 1, 3, 10, 40, 250, 2_000),
});

function arrivals(salvosDrawn: readonly { instance: number; atMs: number; requests: number; everyMs: number }[]) {
  return salvosDrawn.flatMap(({ instance, atMs, requests, everyMs }) =>
    Array.from({ length: requests }, (_, i) => ({ instance, atMs: atMs + i * everyMs })),
  );
}

describe('RateAllowances', () => {
  it('serves in no window more than burst and rate allow, however many instances are asked and whenever', async () => {
    await fc.assert(
      fc.asyncProperty(
        policies,
        fc.array(salvos, { minLength: 1, maxLength: 12 }),
        fc.constantFrom(0, 4, 30, 200),
        async (rate, drawn, latencyMs) => {
          const simulation = new Simulation({ latencyMs, instances: 5 });
          const caller = client('one', rate);
          const requests = await simulation.requests(arrivals(drawn).map((arrival) => ({ caller, ...arrival })));
          expect(excessOf(requests, rate)).toBeUndefined();
        },
      ),
      parameters(100),
    );
  });

  it('serves more only by what clocks differ, and by a loan where a minute ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        policies,
        fc.array(salvos, { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat({ max: 500 }), { minLength: 5, maxLength: 5 }),
        async (rate, drawn, skewsMs) => {
          const simulation = new Simulation({ instances: 5, skewsMs });
          const caller = client('one', rate);
          const requests = await simulation.requests(arrivals(drawn).map((arrival) => ({ caller, ...arrival })));
          const differMs = Math.max(...skewsMs) - Math.min(...skewsMs);
          const more = Math.ceil((rate.requestsPerSecond * differMs) / 1_000) + Math.floor(rate.burst / 5);
          expect(excessOf(requests, { ...rate, burst: rate.burst + more })).toBeUndefined();
        },
      ),
      parameters(60),
    );
  });

  it('serves no more than that for each instance while leases fail now and then', async () => {
    await fc.assert(
      fc.asyncProperty(
        policies,
        fc.array(salvos, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
        async ({ requestsPerSecond, burst }, drawn, instances, failures) => {
          const simulation = new Simulation({ instances });
          simulation.leases.isFailing = (call) => failures[call % failures.length] as boolean;
          const caller = client('one', { requestsPerSecond, burst });
          const requests = await simulation.requests(
            arrivals(drawn).map(({ instance, atMs }) => ({ caller, instance: instance % instances, atMs })),
          );
          const all = { requestsPerSecond: instances * requestsPerSecond, burst: instances * burst };
          expect(excessOf(requests, all)).toBeUndefined();
        },
      ),
      parameters(100),
    );
  });
});
