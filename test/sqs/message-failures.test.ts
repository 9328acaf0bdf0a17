import { afterEach, describe, expect, it } from '@jest/globals';
import { MessageFailures } from '../../lib/sqs/message-failures.ts';
import { retryDelaySeconds } from '../../lib/sqs/retry-delay.ts';
import { recorder } from '../observability/recorder.ts';
import { queueRecord } from '../platform/platform-fixture.ts';
import { busyMachineMs } from '../support/until.ts';
import { startSilentServer } from './silent-server.ts';

const endpoint = process.env.AWS_ENDPOINT_URL_SQS;
afterEach(() => {
  if (endpoint === undefined) delete process.env.AWS_ENDPOINT_URL_SQS;
  else process.env.AWS_ENDPOINT_URL_SQS = endpoint;
});

describe('MessageFailures', () => {
  it('waits for a queue that never answers no longer than it says, and says so', async () => {
    const server = await startSilentServer();
    try {
      process.env.AWS_ENDPOINT_URL_SQS = server.url;
      const { instruments, lines } = recorder();
      const failures = new MessageFailures({ name: 'test', instruments, notes: { note: async () => {} } });
      const records = ['1', '2', '3'].map((id) => queueRecord(id, '{}'));
      const startedAt = performance.now();
      await Promise.all(records.map((record) => failures.tell(record, new Error('no'))));
      // Two seconds: less than what a worker keeps back of its time.
      expect(performance.now() - startedAt).toBeLessThan(2_000 + busyMachineMs);
      expect(lines.filter(({ message }) => message === 'test: a message could not be hidden')).toHaveLength(3);
    } finally {
      await server.stop();
    }
  });
});

describe('retryDelaySeconds', () => {
  it('is a whole number of seconds that SQS takes, longer after each receive, up to two minutes', () => {
    for (let receives = 1; receives <= 20; receives++) {
      const [least, most] = [retryDelaySeconds(receives, 0), retryDelaySeconds(receives, 1)];
      expect([Number.isInteger(least), Number.isInteger(most)]).toEqual([true, true]);
      expect(most).toBe(Math.min(120, 4 * 2 ** receives));
      expect(least).toBe(most / 2);
      expect(least).toBeGreaterThanOrEqual(receives === 1 ? 4 : retryDelaySeconds(receives - 1, 0));
    }
  });
});
