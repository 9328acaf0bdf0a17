import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { retryDelaysMs } from '../../lib/webhooks/retry-schedule.ts';
import { parameters } from '../support/property.ts';
import { DeliveryFixture } from './delivery-fixture.ts';
import { type Receiver, startReceiver } from './receiver.ts';

let fixture: DeliveryFixture;
let receiver: Receiver;
beforeAll(async () => {
  fixture = await DeliveryFixture.start();
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver.stop();
  await fixture.stop();
});

describe('an ordered endpoint', () => {
  it('never gets an event before the one before it has succeeded, under messages that come at once, twice, or not at all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ lost: fc.boolean(), twice: fc.boolean() }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.boolean(), { maxLength: 8 }),
        async (fates, answers) => {
          await fixture.clear();
          receiver.requests.length = 0;
          await fixture.webhook(receiver.url, { ordered: true });
          let asked = 0;
          const taken: string[] = [];
          receiver.answering = (response, { headers }) => {
            const isTaken = answers[asked++] ?? true;
            if (isTaken) taken.push(String(headers['webhook-id']));
            response.writeHead(isTaken ? 200 : 500).end();
          };
          for (const { lost, twice } of fates) {
            await fixture.fanOut([fixture.feed.add()]);
            const messages = fixture.queue.take();
            if (lost) continue;
            await Promise.all([...messages, ...(twice ? messages : [])].map((message) => fixture.look(message)));
          }
          // Whatever is late by then is found by the sweep, or by the last event's message.
          for (const pause of retryDelaysMs) await fixture.later(pause);
          await fixture.fanOut([fixture.feed.add()]);
          await fixture.pump();
          for (const pause of retryDelaysMs) await fixture.later(pause);
          expect(taken).toEqual(fixture.feed.events.map(({ id }) => id));
        },
      ),
      parameters(12),
    );
  });
});
