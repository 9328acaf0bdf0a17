import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { maxReceives } from '../../lib/config/queues.ts';
import { type Received, UnusableMessage } from '../../lib/sqs/index.ts';
import { busyMachineMs } from '../support/until.ts';
import { startWorker, type WorkerFixture } from './worker-fixture.ts';

let worker: WorkerFixture;
beforeEach(async () => {
  worker = await startWorker();
});
afterEach(() => worker.stop());

type Messages = readonly Received<{ name: string }>[];
const namesOf = (messages: Messages) => messages.map(({ body }) => body.name);

/** Work that has an effect once for each name, in order, and fails with those that are poisoned. */
function effects(isPoisoned: (name: string) => boolean = () => false) {
  const done: string[] = [];
  const calls: string[][] = [];
  return {
    done,
    calls,
    async handle(messages: Messages) {
      calls.push(namesOf(messages));
      for (const name of namesOf(messages)) {
        if (isPoisoned(name)) throw new TypeError(`${name} cannot be digested`);
        if (!done.includes(name)) done.push(name);
      }
    },
  };
}

const linesOf = (message: string) => worker.record.lines.filter((line) => line.message === message);

describe('a poisoned message in a FIFO group', () => {
  it.each([1, 2, 10])(
    'alone ends among the dead letters, and the rest goes on in order: batches of %i',
    async (batchSize) => {
      const names = ['m1', 'm2', 'poison', 'm3', 'm4', 'm5'];
      await worker.send(...names, 'other:1', 'other:2');
      const work = effects((name) => name === 'poison');
      await worker.drain(work.handle, { batchSize });
      expect(work.done.filter((name) => name.startsWith('m'))).toEqual(['m1', 'm2', 'm3', 'm4', 'm5']);
      expect(work.done.filter((name) => name.startsWith('other'))).toEqual(['other:1', 'other:2']);
      expect(worker.deadLetters()).toEqual(['poison']);
      expect(worker.queues.depthOf('lines')).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
      // Only the poisoned one ever failed, as often as a message is received.
      expect(worker.pauses.map(({ names }) => names)).toEqual(Array(maxReceives).fill(['poison']));
      expect(worker.notes).toEqual([
        {
          messageId: expect.any(String),
          queueArn: expect.stringMatching(/^arn:aws:sqs:[\w-]+:\d{12}:florin-test-lines\.fifo$/),
          errorClass: 'TypeError',
          errorMessage: 'poison cannot be digested',
          attempts: maxReceives,
          firstReceivedAt: expect.any(Number),
          failedAt: expect.any(Number),
        },
      ]);
      const [note] = worker.notes;
      expect(note?.failedAt).toBeGreaterThanOrEqual(note?.firstReceivedAt ?? Number.POSITIVE_INFINITY);
    },
  );

  it('that fails only for a while is done with in the end, and leaves no note', async () => {
    await worker.send('m1', 'moody', 'm2');
    let failures = 0;
    const work = effects((name) => name === 'moody' && failures < 3);
    await worker.drain(async (messages) => {
      try {
        await work.handle(messages);
      } catch (error) {
        if (messages.length === 1) failures++;
        throw error;
      }
    });
    expect(work.done).toEqual(['m1', 'm2', 'moody']);
    expect([worker.deadLetters(), worker.notes, worker.pauses.length]).toEqual([[], [], 3]);
  });

  it('is told of each time it fails, with its ids and without its contents', async () => {
    const cause = { correlationId: 'request-7' };
    await worker.sendMessages({ body: { name: 'poison' }, group: 'g', deduplicationId: randomUUID(), cause });
    await worker.drain(effects(() => true).handle);
    const told = linesOf('test: a message failed');
    expect(told.map(({ level, fields }) => [level, fields.attempts, fields.correlationId])).toEqual(
      [1, 2, 3, 4, 5].map((attempts) => ['warn', attempts, 'request-7']),
    );
    expect(linesOf('test').map(({ fields }) => [fields.messages, fields.failed])).toEqual(Array(5).fill([1, 1]));
  });
});

describe('the pause after a failure', () => {
  it.each([
    ['shortest', 0, [4, 8, 16, 32]],
    ['longest', 0.999_999, [8, 16, 32, 64]],
  ] as const)('doubles, at the %s, and there is none before the dead letters', async (_, drawn, seconds) => {
    await worker.send('poison');
    await worker.drain(effects(() => true).handle, { random: () => drawn });
    expect(worker.pauses.map(({ receives }) => receives)).toEqual([1, 2, 3, 4, 5]);
    for (const [index, expected] of seconds.entries()) {
      const pause = worker.pauses[index]?.seconds ?? 0;
      expect(pause).toBeLessThanOrEqual(expected);
      expect(pause).toBeGreaterThan(expected - 1);
    }
    expect(worker.pauses.at(-1)?.seconds).toBe(0);
  });

  it('is none where the message itself is unusable, since waiting does not mend it', async () => {
    const group = 'g';
    await worker.sendMessages(
      { body: 'no json', group, deduplicationId: '1' },
      { body: { name: 7 }, group, deduplicationId: '2' },
      { body: { name: 'fine' }, group, deduplicationId: '3' },
      { body: { name: 'refused' }, group, deduplicationId: '4' },
    );
    const done: string[] = [];
    await worker.drain(async (messages) => {
      for (const name of namesOf(messages)) {
        if (name === 'refused') throw new UnusableMessage('it names nothing');
        if (!done.includes(name)) done.push(name);
      }
    });
    expect(done).toEqual(['fine']);
    expect(worker.deadLetters()).toEqual(['no json', '{"name":7}', 'refused']);
    expect(new Set(worker.pauses.map(({ seconds }) => seconds))).toEqual(new Set([0]));
    expect(worker.notes.map(({ errorClass, errorMessage }) => `${errorClass}: ${errorMessage}`)).toEqual([
      'UnusableMessage: the message is no JSON',
      'UnusableMessage: not as expected: name',
      'UnusableMessage: it names nothing',
    ]);
  });
});

describe('serveQueue', () => {
  it('has each effect once where every message comes twice', async () => {
    const names = Array.from({ length: 23 }, (_, i) => `g${i % 3}:${i}`);
    await worker.send(...names);
    const work = effects();
    await worker.drain(work.handle, { times: 2 });
    expect(work.done.toSorted()).toEqual(names.toSorted());
    expect(work.calls.flat()).toHaveLength(2 * names.length);
    for (const group of ['g0', 'g1', 'g2']) {
      const ofGroup = (name: string) => name.startsWith(group);
      expect(work.done.filter(ofGroup)).toEqual(names.filter(ofGroup));
    }
  });

  it('works on the groups of a batch side by side, and on a group once', async () => {
    await worker.send('a:1', 'b:1', 'a:2', 'c:1');
    const underway = new Set<string>();
    let most = 0;
    let release = () => {};
    const all = new Promise<void>((resolve) => {
      release = resolve;
    });
    const calls: string[][] = [];
    await worker.drain(async (messages) => {
      const [name = ''] = namesOf(messages);
      calls.push(namesOf(messages));
      underway.add(name);
      most = Math.max(most, underway.size);
      // Nobody goes on before all have begun: a group that waited for another one would wait for ever.
      if (underway.size === 3) release();
      await all;
      underway.delete(name);
    });
    expect(most).toBe(3);
    expect(calls).toEqual([['a:1', 'a:2'], ['b:1'], ['c:1']]);
  });

  it('lets one group fail and keeps what the others did', async () => {
    await worker.send('bad:1', 'good:1', 'bad:2', 'good:2');
    const work = effects((name) => name.startsWith('bad'));
    const [first] = await worker.drain(work.handle);
    expect(first?.answer?.batchItemFailures).toHaveLength(2);
    expect(work.done).toEqual(['good:1', 'good:2']);
    expect(worker.deadLetters().toSorted()).toEqual(['bad:1', 'bad:2']);
    // Together once and each by itself: nobody is blamed for a neighbour.
    expect(work.calls.slice(0, 4)).toEqual([['bad:1', 'bad:2'], ['good:1', 'good:2'], ['bad:1'], ['bad:2']]);
  });

  it('never has two at work on one group, whatever fails', async () => {
    await worker.send(...Array.from({ length: 30 }, (_, i) => `g${i % 4}:${i}`));
    const atWork = new Map<string, number>();
    let collisions = 0;
    await worker.drain(async (messages) => {
      const group = (namesOf(messages)[0] ?? '').replace(/:.*/, '');
      const others = atWork.get(group) ?? 0;
      if (others > 0) collisions++;
      atWork.set(group, others + 1);
      await new Promise((resolve) => setTimeout(resolve, 1));
      atWork.set(group, others);
      if (namesOf(messages).some((name) => Number(name.replace(/.*:/, '')) % 7 === 0)) throw new Error('seven');
    });
    expect(collisions).toBe(0);
    expect(worker.deadLetters()).toHaveLength(5);
  });

  it('passes on what a message carries of the request that it comes from', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const cause = { correlationId: 'request-1', traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
    await worker.sendMessages(
      { body: { name: 'with' }, group: 'g', deduplicationId: '1', cause },
      { body: { name: 'without' }, group: 'h', deduplicationId: '2' },
    );
    const seen: Received<unknown>[] = [];
    await worker.drain(async (messages) => {
      seen.push(...messages);
    });
    expect(seen.map((each) => each.cause)).toEqual([cause, {}]);
    // X-Ray's own header, by which it draws what a message led to under what sent it.
    expect(seen[0]?.record.attributes.AWSTraceHeader).toBe(
      `Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)};Parent=00f067aa0ba902b7;Sampled=1`,
    );
    const [line] = linesOf('test');
    expect(line?.fields).toMatchObject({ messages: 2, correlationIds: ['request-1'], requestId: expect.any(String) });
    expect(line?.fields).not.toHaveProperty('failed');
  });

  it('writes one line a batch: counts of all groups summed up, of times the longest', async () => {
    await worker.send('a:1', 'b:1', 'c:1');
    await worker.drain(async (messages, work) => {
      const waited = { 'a:1': 30, 'b:1': 900, 'c:1': 7 }[namesOf(messages)[0] ?? ''] ?? 0;
      work.measure({ applied: 2, lineWait: waited });
      work.measure({ applied: 1, failedTransactions: undefined });
    });
    const lines = linesOf('test');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.fields).toMatchObject({ messages: 3, Applied: 9, LineWait: 900 });
    expect(lines[0]?.fields).not.toHaveProperty('FailedTransactions');
  });

  it('keeps back time to say what failed', async () => {
    await worker.send('a:1');
    const left: number[] = [];
    const handle = async (_: Messages, { remainingTimeInMillis }: { remainingTimeInMillis(): number }) => {
      left.push(remainingTimeInMillis());
    };
    await worker.drain(
      (messages, work) => handle(messages, { remainingTimeInMillis: () => work.remainingTimeInMillis() }),
      {
        timeMs: 60_000,
      },
    );
    await worker.send('a:2');
    await worker.drain(
      (messages, work) => handle(messages, { remainingTimeInMillis: () => work.remainingTimeInMillis() }),
      {
        timeMs: 1_000,
      },
    );
    expect(left[0]).toBeGreaterThan(57_000 - busyMachineMs);
    expect(left[0]).toBeLessThanOrEqual(57_000);
    expect(left[1]).toBe(0);
  });

  it('hides messages while changes are switched off, and loses none', async () => {
    const names = ['a:1', 'a:2', 'b:1'];
    await worker.send(...names);
    worker.flags = { ...worker.flags, acceptWrites: false };
    const work = effects();
    let looks = 0;
    await Promise.race([
      worker.drain(work.handle),
      (async () => {
        // An operator switches it on again after two looks.
        while (worker.pauses.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
        looks = worker.pauses.length;
        worker.flags = { ...worker.flags, acceptWrites: true };
        while (work.done.length < names.length) await new Promise((resolve) => setTimeout(resolve, 1));
      })(),
    ]);
    expect(work.done.toSorted()).toEqual(names);
    expect(worker.deadLetters()).toEqual([]);
    for (const { seconds } of worker.pauses.slice(0, looks)) expect(seconds).toBeGreaterThan(290);
    expect(linesOf('test: nothing done, changes are switched off').length).toBeGreaterThanOrEqual(looks);
    expect(worker.notes).toEqual([]);
  });

  it('says so where a note cannot be kept, and has the message come back all the same', async () => {
    worker.cannotNote = true;
    await worker.send('poison');
    await worker.drain(effects(() => true).handle);
    expect(worker.deadLetters()).toEqual(['poison']);
    expect(linesOf('test: what was wrong with a message could not be noted')).toMatchObject([
      { level: 'error', fields: { error: { message: 'no notes today' } } },
    ]);
  });

  it('takes what is thrown and no Error for a failure too', async () => {
    await worker.send('odd');
    await worker.drain(async () => {
      throw 'a text';
    });
    expect(worker.deadLetters()).toEqual(['odd']);
    expect(worker.notes).toMatchObject([
      { errorClass: 'Error', errorMessage: 'something that is no Error was thrown' },
    ]);
  });
});
