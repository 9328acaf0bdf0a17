import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { defaultFlags, type Flags, flagsMaxAgeMs, parseFlags, type UnreadableFlags } from '../../lib/config/flags.ts';
import { FlagsParameter, flagsRetryAfterMs, flagsTimeoutMs } from '../../lib/config/flags-parameter.ts';
import type { LineWriter } from '../../lib/observability/index.ts';
import { type HeldTimers, holdTimers } from '../support/held-timeouts.ts';
import { type StoreMood, startParameterStore, type TestParameterStore } from '../support/parameter-store.ts';
import { parameters as runs } from '../support/property.ts';
import { until } from '../support/until.ts';

process.env.AWS_REGION ??= 'eu-central-1';
process.env.AWS_ACCESS_KEY_ID ??= 'test';
process.env.AWS_SECRET_ACCESS_KEY ??= 'test';

const name = '/florin/test/flags';
const writesOff: Flags = { acceptWrites: false, disabledOperations: [] };
/** What never answers, or never to the end: only its time-out ends a read then. */
const endless: readonly string[] = ['hangs', 'drips'] satisfies StoreMood[];
/** The time-outs of all reads. */
let timers: HeldTimers;
let store: TestParameterStore;
beforeAll(async () => {
  store = await startParameterStore();
});
afterAll(() => store.stop());
beforeEach(() => {
  timers = holdTimers();
  store.mood = 'answers';
  store.gate = undefined;
  store.asked.length = 0;
  store.parameters.clear();
});
afterEach(() => timers.release());

/** An instance's flags on a clock that stands still until it is moved. */
function instance({ endpoint = store.endpoint, whenUnreadable = 'open' as UnreadableFlags } = {}) {
  const lines: { level: string; message: string; fields: unknown }[] = [];
  const listener = (level: string) => (message: unknown, fields: unknown) => {
    lines.push({ level, message: String(message), fields });
  };
  const logger = { info: listener('info'), warn: listener('warn'), error: listener('error') } as unknown as LineWriter;
  const clock = { now: 1_000_000 };
  const now = () => clock.now;
  const flags = new FlagsParameter({ parameter: name, whenUnreadable, logger, endpoint, now });
  return { flags, clock, lines, warnings: () => lines.filter(({ level }) => level === 'warn') };
}

function put(value: unknown): void {
  store.parameters.set(name, typeof value === 'string' ? value : JSON.stringify(value));
}

/** What the reads end with when the store was asked and their time ran out, and not a millisecond before. */
async function afterTimeOut<T>(read: () => Promise<T>): Promise<T> {
  const asked = store.asked.length;
  const reading = read();
  await until('the store is asked', () => store.asked.length > asked);
  timers.advance(flagsTimeoutMs - 1);
  expect(await Promise.race([reading, sleep(20, 'still reading')])).toBe('still reading');
  timers.advance(1);
  return reading;
}

describe('FlagsParameter', () => {
  it('reads the parameter once a minute', async () => {
    put(writesOff);
    const { flags, clock } = instance();
    expect(await flags.current()).toEqual(writesOff);
    put(defaultFlags);
    clock.now += flagsMaxAgeMs - 1;
    expect(await flags.current()).toEqual(writesOff);
    expect(store.asked).toEqual([name]);
    clock.now += 1;
    expect(await flags.current()).toEqual(defaultFlags);
    expect(store.asked).toEqual([name, name]);
  });

  it('counts the minute from the question, since the answer may be as old', async () => {
    put(defaultFlags);
    const { flags, clock } = instance();
    const gate = Promise.withResolvers<void>();
    store.gate = gate.promise;
    const reading = flags.current();
    clock.now += 400;
    gate.resolve();
    await reading;
    put(writesOff);
    clock.now += flagsMaxAgeMs - 400;
    expect(await flags.current()).toEqual(writesOff);
  });

  it('lets requests that come at once share one call, and none of them goes on with what is too old', async () => {
    put(defaultFlags);
    const { flags, clock } = instance();
    const gate = Promise.withResolvers<void>();
    for (const value of [defaultFlags, writesOff]) {
      put(value);
      store.gate = gate.promise;
      const asking = Array.from({ length: 20 }, () => flags.current());
      await sleep(20);
      asking.push(flags.current());
      gate.resolve();
      expect(await Promise.all(asking)).toEqual(asking.map(() => value));
      clock.now += flagsMaxAgeMs;
    }
    expect(store.asked).toHaveLength(2);
  });

  it('asks again when the clock was turned back', async () => {
    put(defaultFlags);
    const { flags, clock } = instance();
    await flags.current();
    put(writesOff);
    clock.now -= 3_600_000;
    expect(await flags.current()).toEqual(writesOff);
  });

  it('says in the log when other flags are in force, and only then', async () => {
    put('{}');
    const { flags, clock, lines } = instance();
    await flags.current();
    expect(lines).toEqual([]);
    put(writesOff);
    clock.now += flagsMaxAgeMs;
    await flags.current();
    clock.now += flagsMaxAgeMs;
    await flags.current();
    expect(lines).toEqual([{ level: 'info', message: 'the feature flags changed', fields: writesOff }]);
  });

  it.each<[StoreMood | string]>([
    ['hangs'],
    ['drips'],
    ['resets'],
    ['fails'],
    ['throttles'],
    ['talks nonsense'],
    ['has no such parameter'],
    ['{"acceptWrites": "no"}'],
    ['not JSON'],
    [''],
  ])('goes on when the store %s: by the defaults at first, later by what it knew', async (trouble) => {
    const begin = () => {
      store.mood = 'answers';
      if (trouble === 'has no such parameter') store.parameters.clear();
      else if (['hangs', 'drips', 'resets', 'fails', 'throttles', 'talks nonsense'].includes(trouble)) {
        store.mood = trouble as StoreMood;
      } else put(trouble);
    };
    const { flags, clock, lines, warnings } = instance();
    const isEndless = endless.includes(trouble);
    const inTrouble = <T>(read: () => Promise<T>) => (isEndless ? afterTimeOut(read) : read());
    for (const expected of [defaultFlags, writesOff]) {
      lines.length = 0;
      begin();
      expect(await inTrouble(() => Promise.all([flags.current(), flags.current()]))).toEqual([expected, expected]);

      // Nobody waits again until the next try, and the next failure is not news.
      const asked = store.asked.length;
      clock.now += flagsRetryAfterMs - 1;
      expect(await flags.current()).toEqual(expected);
      expect(store.asked).toHaveLength(asked);
      clock.now += 1;
      expect(await inTrouble(() => flags.current())).toEqual(expected);
      expect(store.asked).toHaveLength(asked + 1);
      expect(warnings()).toHaveLength(1);
      const message = isEndless ? `no answer within ${flagsTimeoutMs} ms` : expect.any(String);
      expect(warnings()[0]?.fields).toMatchObject({ ...expected, error: { message } });

      store.mood = 'answers';
      put(writesOff);
      clock.now += flagsRetryAfterMs;
      expect(await flags.current()).toEqual(writesOff);
      expect(lines.filter(({ message }) => message === 'the feature flags can be read again')).toHaveLength(1);
      clock.now += flagsMaxAgeMs;
    }
  });

  it.each<[string, () => void]>([
    [
      'hangs',
      () => {
        store.mood = 'hangs';
      },
    ],
    [
      'throttles',
      () => {
        store.mood = 'throttles';
      },
    ],
    [
      'has no such parameter',
      () => {
        store.parameters.clear();
      },
    ],
    ['says something else', () => put('{"acceptWrites": 1}')],
  ])(
    'closes, if it is to, when the store %s: at first, and once what it knew is a minute old',
    async (trouble, begin) => {
      const { flags, clock, lines } = instance({ whenUnreadable: 'closed' });
      const inTrouble = () => (endless.includes(trouble) ? afterTimeOut(() => flags.current()) : flags.current());
      begin();
      expect(await inTrouble()).toEqual(writesOff);
      expect(lines).toEqual([
        {
          level: 'warn',
          message: 'the feature flags cannot be read; nothing is changed until they can',
          fields: { ...writesOff, error: expect.any(Error) },
        },
      ]);

      lines.length = 0;
      store.mood = 'answers';
      put({ disabledOperations: ['createAsset'] });
      clock.now += flagsRetryAfterMs;
      const readAt = clock.now;
      const known: Flags = { acceptWrites: true, disabledOperations: ['createAsset'] };
      expect(await flags.current()).toEqual(known);
      expect(lines.map(({ message }) => message)).toEqual([
        'the feature flags can be read again',
        'the feature flags changed',
      ]);

      lines.length = 0;
      begin();
      clock.now = readAt + flagsMaxAgeMs - 1;
      expect(await flags.current()).toEqual(known);
      expect(lines).toEqual([]);
      // A streak of failures long enough that, were the flags known last taken up again in it, it would show.
      for (clock.now = readAt + flagsMaxAgeMs; clock.now < readAt + 3 * flagsMaxAgeMs; clock.now += flagsRetryAfterMs) {
        expect(await inTrouble()).toEqual({ ...known, acceptWrites: false });
      }
      expect(lines).toHaveLength(1);
    },
  );

  it('closes, if it is to, when the clock was turned back and tells no age any more', async () => {
    put(defaultFlags);
    const { flags, clock } = instance({ whenUnreadable: 'closed' });
    await flags.current();
    store.mood = 'fails';
    clock.now -= 1;
    expect(await flags.current()).toEqual(writesOff);
  });

  it('says nothing when the first flags that an instance reads are open, though it would have been closed without', async () => {
    put(defaultFlags);
    const { flags, lines } = instance({ whenUnreadable: 'closed' });
    expect(await flags.current()).toEqual(defaultFlags);
    expect(lines).toEqual([]);
  });

  it.each<StoreMood>(['hangs', 'drips'])('leaves no connection behind when the store %s', async (mood) => {
    store.mood = mood;
    await afterTimeOut(() => instance().flags.current());
    await until('the connection is closed', () => store.openAnswers() === 0);
  });

  it('goes on when nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    const { port } = await new Promise<AddressInfo>((resolve) => {
      server.once('listening', () => resolve(server.address() as AddressInfo));
    });
    await new Promise((resolve) => server.close(resolve));
    const { flags, warnings } = instance({ endpoint: `http://127.0.0.1:${port}` });
    expect(await flags.current()).toEqual(defaultFlags);
    expect(warnings()).toHaveLength(1);
  });

  it.each<UnreadableFlags>(['open', 'closed'])(
    'is what was read last and is at most a minute old, or tried again after ten seconds: %s where reading fails',
    async (whenUnreadable) => {
      const value = fc.oneof(
        fc.record({
          acceptWrites: fc.boolean(),
          disabledOperations: fc.subarray(['createTransfer', 'createAsset']),
        }),
        fc.constantFrom('nonsense', '{"acceptWrites":1}'),
      );
      const step = fc.record({
        value: fc.option(value),
        mood: fc.constantFrom<StoreMood>('answers', 'answers', 'fails', 'resets', 'talks nonsense'),
        waitMs: fc.constantFrom(0, 1, flagsRetryAfterMs - 1, flagsRetryAfterMs, flagsMaxAgeMs - 1, flagsMaxAgeMs),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
          store.parameters.clear();
          const { flags, clock, warnings } = instance({ whenUnreadable });
          const model = {
            flags: defaultFlags,
            readAt: Number.NEGATIVE_INFINITY,
            asOf: Number.NEGATIVE_INFINITY,
            goodForMs: 0,
            streaks: 0,
            failing: false,
          };
          for (const { value, mood, waitMs } of steps) {
            if (value !== null) put(value);
            store.mood = mood;
            clock.now += waitMs;
            if (clock.now - model.asOf >= model.goodForMs) {
              model.asOf = clock.now;
              try {
                if (mood !== 'answers') throw new Error(mood);
                model.flags = parseFlags(store.parameters.get(name) ?? '');
                model.readAt = clock.now;
                model.goodForMs = flagsMaxAgeMs;
                model.failing = false;
              } catch {
                if (!model.failing) model.streaks += 1;
                model.goodForMs = flagsRetryAfterMs;
                model.failing = true;
              }
            }
            const isClosed = whenUnreadable === 'closed' && clock.now - model.readAt >= flagsMaxAgeMs;
            expect(await flags.current()).toEqual(isClosed ? { ...model.flags, acceptWrites: false } : model.flags);
            expect(warnings()).toHaveLength(model.streaks);
          }
        }),
        runs(60),
      );
    },
    60_000,
  );
});
