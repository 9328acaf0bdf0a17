import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ObservedRequest } from '../support/faults.ts';
import { endState } from './end-state.ts';
import { Load, transferAsync, type Wish } from './load.ts';
import { ScenarioRuntime } from './scenario-runtime.ts';

const funds = 100_000;
const timeoutMs = 120_000;

interface WriteAction {
  readonly Put?: { readonly Item: { readonly SK: { readonly S: string } } };
  readonly Delete?: { readonly Key: { readonly SK: { readonly S: string } } };
}

function actionsOf({ body }: ObservedRequest): readonly WriteAction[] {
  return (body.TransactItems ?? []) as readonly WriteAction[];
}

/** A write that puts a command into a line. */
const acceptance = {
  operation: 'TransactWriteItems',
  matches: (request: ObservedRequest) => actionsOf(request).some(({ Put }) => Put?.Item.SK.S.startsWith('P#')),
};

/** A write that executes what waits in a line. */
const turn = {
  operation: 'TransactWriteItems',
  matches: (request: ObservedRequest) => actionsOf(request).some(({ Delete }) => Delete?.Key.SK.S.startsWith('P#')),
};

/** One ledger for all of them: what a death has spoilt, the deaths after it would still show. */
let runtime: ScenarioRuntime;
const load = new Load();
beforeAll(async () => {
  runtime = await ScenarioRuntime.start();
  await load.prepare(runtime.api, ['alice', 'bob', 'carol'], funds);
}, timeoutMs);
afterAll(() => runtime?.stop());

const several = (length: number): Wish[] => Array.from({ length }, (_, i) => transferAsync('alice', 'bob', i + 1));

describe('a runtime that is killed', () => {
  it(
    'when a transfer is accepted, and nobody was told: not the worker, not the client',
    async () => {
      const key = 'accepted-and-not-answered';
      const dead = runtime.dieAtCall(acceptance, 'after');
      const unanswered = runtime.api.post(
        '/v1/transfers',
        { source: 'alice', destination: 'bob', asset: 'USD/2', amount: 7 },
        { key, headers: { prefer: 'respond-async' } },
      );
      await expect(unanswered).rejects.toThrow();
      await dead;

      await runtime.restart();
      // Nobody asks again before it is done.
      await runtime.atRest();
      const { body } = await runtime.api.get('/v1/accounts/alice/balances/USD.2');
      expect(body.posted).toBe(String(funds - 7));
      await load.grant(runtime.api, transferAsync('alice', 'bob', 7), key);
      expect((await endState(runtime, load)).findings).toEqual([]);
    },
    timeoutMs,
  );

  it.each([
    { queue: 'journal', when: 'before' },
    { queue: 'journal', when: 'after' },
    // The API's own wake-up has the transaction's id; this one is the stream's.
    { queue: 'lines', when: 'before', notFrom: 'tx_' },
    { queue: 'lines', when: 'after', notFrom: 'tx_' },
    { queue: 'publication', when: 'before' },
    { queue: 'publication', when: 'after' },
    { queue: 'webhookEvents', when: 'before' },
    { queue: 'webhookEvents', when: 'after' },
  ] as const)(
    'when a message is sent: $when the queue $queue has it',
    async (death) => {
      await runtime.armed(death);
      const running = load.run(runtime.api, [several(10), [transferAsync('bob', 'carol', 3)]]);
      await runtime.died();
      await runtime.restart();
      await running;
      expect((await endState(runtime, load)).findings).toEqual([]);
    },
    timeoutMs,
  );

  it.each([
    { what: 'before its first write', skip: 0, when: 'before' },
    { what: 'in the middle of its first write', skip: 0, when: 'after' },
    { what: 'between two writes', skip: 1, when: 'before' },
    { what: 'in the middle of its second write', skip: 1, when: 'after' },
  ] as const)(
    'while a worker serves a line, $what',
    async ({ skip, when }) => {
      // Writes that take their time let the line become long.
      runtime.proxy.rules.push({ ...turn, fault: { kind: 'latency', ms: 100 } });
      const dead = runtime.dieAtCall({ ...turn, skip }, when);
      const running = load.run(runtime.api, [several(15), several(15), several(10)]);
      await dead;
      await runtime.restart();
      await running;
      expect((await endState(runtime, load)).findings).toEqual([]);
    },
    timeoutMs,
  );
});
