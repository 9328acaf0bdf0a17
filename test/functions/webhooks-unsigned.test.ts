import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type CapturedOutput, captureOutput } from '../observability/captured-output.ts';
import type { ServedQueue } from '../support/queues.ts';
import { busyMachineMs } from '../support/until.ts';
import { type Receiver, startReceiver } from '../webhooks/receiver.ts';
import { type Call, loadFunctions, type TestApi } from './api.ts';
import { startApiWithMoney } from './money.ts';
import { lambdaContext } from './proxy-event.ts';

/** KMS that answers as it should, or as a test says. */
class FailingKeys {
  failing: RequestListener | undefined;
  calls = 0;
  readonly #server: Server;
  readonly #target: string;

  constructor(target: string) {
    this.#target = target;
    this.#server = createServer((incoming, outgoing) => {
      this.calls++;
      if (this.failing) return this.failing(incoming, outgoing);
      void this.#forward(incoming, outgoing);
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #forward(...[incoming, outgoing]: Parameters<RequestListener>): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const answer = await fetch(this.#target, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': String(incoming.headers['x-amz-target']),
      },
      body: Buffer.concat(chunks),
    });
    outgoing.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' }).end(await answer.text());
  }
}

const refusing =
  (status: number, name: string): RequestListener =>
  (incoming, outgoing) => {
    incoming.resume();
    outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    outgoing.end(JSON.stringify({ __type: name, message: 'no' }));
  };

let api: TestApi;
let call: Call;
let keys: FailingKeys;
let receiver: Receiver;
let served: ServedQueue;
let output: CapturedOutput;
beforeAll(async () => {
  api = await startApiWithMoney();
  receiver = await startReceiver();
  keys = new FailingKeys(process.env.AWS_ENDPOINT_URL_KMS ?? '');
  process.env.AWS_ENDPOINT_URL_KMS = await keys.start();
  process.env.WEBHOOK_TARGETS = 'any';
  process.env.POWERTOOLS_LOG_LEVEL = 'INFO';
  jest.resetModules();
  call = await loadFunctions();
  const { handler } = await import('../../functions/workers/deliver-webhooks.ts');
  served = api.queues.serve('deliveries', handler, { context: () => lambdaContext(30_000) });
});
afterAll(async () => {
  await served.stop();
  await receiver.stop();
  await keys.stop();
  await api.stop();
});
beforeEach(() => {
  receiver.requests.length = 0;
  output = captureOutput();
});
afterEach(() => {
  output.stop();
  keys.failing = undefined;
});

/** Until nobody is at a message. */
async function settled(): Promise<void> {
  for (;;) {
    const { visible, inFlight } = api.queues.depthOf('deliveries');
    if (visible + inFlight === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What the SDK waits for in both of its attempts, and what a busy machine adds. */
const longestWaitMs = 2_000 + busyMachineMs;

describe.each<[string, RequestListener, string]>([
  ['answers nothing', (incoming) => void incoming.resume(), 'TimeoutError'],
  ['hangs up', ({ socket }) => void socket.destroy(), 'Error'],
  ['fails', refusing(500, 'KMSInternalException'), 'KMSInternalException'],
  ['is asked too often', refusing(400, 'ThrottlingException'), 'ThrottlingException'],
  ['refuses the function', refusing(400, 'AccessDeniedException'), 'AccessDeniedException'],
  ['has the key disabled', refusing(400, 'DisabledException'), 'DisabledException'],
  ['is about to delete the key', refusing(400, 'KMSInvalidStateException'), 'KMSInvalidStateException'],
  ['did not seal it', refusing(400, 'InvalidCiphertextException'), 'InvalidCiphertextException'],
])('while KMS %s', (_what, failing, cause) => {
  it('nothing is sent, nobody is blamed, and the reason is in the log', async () => {
    const { body: webhook } = await call('POST', '/v1/webhooks', { url: receiver.url, types: ['hold.*'] });
    const path = `/v1/webhooks/${webhook.id}`;
    const before = (await call('GET', path)).body;
    keys.failing = failing;
    keys.calls = 0;
    output.clear();
    const { body: ping } = await call('POST', `${path}/ping`, undefined);
    await settled();
    expect(receiver.requests).toEqual([]);
    const delivery = (await call('GET', `${path}/deliveries/${ping.id}`)).body;
    expect(delivery).toMatchObject({ status: 'pending', attempts: [] });
    expect(Date.parse(delivery.nextAttemptAt)).toBeGreaterThan(Date.now() + 30_000);
    expect((await call('GET', path)).body).toEqual(before);
    // Once, and not by each receive of a message.
    expect(keys.calls).toBeLessThanOrEqual(2);
    const lines = output.lines();
    expect(lines).toContainEqual(
      expect.objectContaining({
        message: 'a delivery is put off',
        webhookId: webhook.id,
        deliveryId: ping.id,
        error: expect.objectContaining({ cause: expect.objectContaining({ name: cause }) }),
      }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ message: 'deliveries', DeliveriesPutOff: 1 }));
    expect(output.text).not.toContain(webhook.secret.slice('whsec_'.length));
    // A replay does not wait until it is due again.
    keys.failing = undefined;
    await call('POST', `${path}/deliveries/${ping.id}/replay`, undefined);
    await settled();
    expect(receiver.requests.map(({ headers }) => headers['webhook-signature'])).toEqual([
      expect.stringMatching(/^v1,/),
    ]);
  });

  it('no webhook is made, soon, and none without a seal', async () => {
    keys.failing = failing;
    keys.calls = 0;
    const from = performance.now();
    const key = crypto.randomUUID();
    const terms = { url: receiver.url, description: key };
    const refused = await call('POST', '/v1/webhooks', terms, { key, isFinal: true });
    expect([refused.status, refused.body.code]).toEqual([503, 'unavailable']);
    expect(performance.now() - from).toBeLessThan(longestWaitMs);
    expect(keys.calls).toBeLessThanOrEqual(2);
    const { data } = (await call('GET', '/v1/webhooks?limit=100')).body;
    expect(data.filter(({ description }: { description: string }) => description === key)).toEqual([]);
    keys.failing = undefined;
    expect((await call('POST', '/v1/webhooks', terms, { key })).body.secret).toMatch(/^whsec_/);
  });
});
