import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import {
  noTraceDaemon,
  openTraceDaemon,
  parseDaemonAddress,
  type Subsegment,
} from '../../lib/observability/trace-daemon.ts';
import { until } from '../support/until.ts';
import { recorder } from './recorder.ts';
import { listenForTraces } from './trace-listener.ts';

const subsegment: Subsegment = {
  trace: {
    context: { traceId: '5759e988bd862e3fe1be46a994272793', spanId: '00f067aa0ba902b7', isSampled: true },
    parentId: '53995c3f42cd8ad8',
    causedBy: '4bf92f3577b34da6a3ce929d0e0e4736',
  },
  name: 'createTransfer',
  startedAt: 1_700_000_000_000,
  endedAt: 1_700_000_000_012.5,
  status: 201,
  annotations: { correlationId: 'c-1', operation: 'createTransfer', tenant: undefined },
};

describe('openTraceDaemon', () => {
  it("sends a subsegment as X-Ray's daemon takes it", async () => {
    const listener = await listenForTraces();
    openTraceDaemon(listener.address, recorder().instruments.logger).send(subsegment);
    expect(await listener.find(() => true)).toEqual({
      type: 'subsegment',
      name: 'createTransfer',
      id: '00f067aa0ba902b7',
      trace_id: '1-5759e988-bd862e3fe1be46a994272793',
      parent_id: '53995c3f42cd8ad8',
      start_time: 1_700_000_000,
      end_time: 1_700_000_000.0125,
      annotations: {
        correlationId: 'c-1',
        operation: 'createTransfer',
        causedBy: '4bf92f3577b34da6a3ce929d0e0e4736',
      },
    });
    await listener.stop();
  });

  it.each([
    [404, { error: true }],
    [429, { error: true, throttle: true }],
    [503, { fault: true }],
  ])('marks a %i', async (status, marks) => {
    const listener = await listenForTraces();
    openTraceDaemon(listener.address, recorder().instruments.logger).send({ ...subsegment, status });
    const { error, throttle, fault } = await listener.find(() => true);
    expect({ error, throttle, fault }).toEqual(marks);
    await listener.stop();
  });

  it('sends nothing of a trace that is not sampled, or has no segment to hang it under', async () => {
    const listener = await listenForTraces();
    const daemon = openTraceDaemon(listener.address, recorder().instruments.logger);
    const { context, parentId } = subsegment.trace;
    daemon.send({
      ...subsegment,
      name: 'a',
      trace: { context: { ...context, isSampled: false }, parentId: `${parentId}` },
    });
    daemon.send({ ...subsegment, name: 'b', trace: { context } });
    daemon.send({ ...subsegment, name: 'c' });
    await listener.find(({ name }) => name === 'c');
    expect(listener.documents.map(({ name }) => name)).toEqual(['c']);
    await listener.stop();
  });

  it('sends nothing where there is no daemon', () => {
    expect(openTraceDaemon(undefined, recorder().instruments.logger)).toBe(noTraceDaemon);
  });

  it('says so once and goes on where the address is not one, or nothing can be sent there', async () => {
    const { instruments, lines } = recorder();
    expect(openTraceDaemon('nowhere', instruments.logger)).toBe(noTraceDaemon);
    expect(lines.splice(0)).toMatchObject([{ level: 'warn' }]);

    // A broadcast address, to which no socket may send unless it says so.
    const daemon = openTraceDaemon('255.255.255.255:2000', instruments.logger);
    for (let i = 0; i < 3; i++) daemon.send(subsegment);
    await until('it is said', () => lines.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(lines).toMatchObject([{ level: 'warn', fields: { error: { code: 'EACCES' } } }]);
  });

  it('does not notice that nobody listens', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    socket.close();
    const { instruments, lines } = recorder();
    openTraceDaemon(`127.0.0.1:${port}`, instruments.logger).send(subsegment);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(lines).toEqual([]);
  });
});

describe('parseDaemonAddress', () => {
  it.each([
    ['169.254.79.129:2000', { host: '169.254.79.129', port: 2_000 }],
    ['tcp:127.0.0.1:2000 udp:127.0.0.2:2001', { host: '127.0.0.2', port: 2_001 }],
    ['udp:127.0.0.2:2001 tcp:127.0.0.1:2000', { host: '127.0.0.2', port: 2_001 }],
    ['127.0.0.1', undefined],
    ['127.0.0.1:0', undefined],
    ['127.0.0.1:65536', undefined],
    ['tcp:127.0.0.1:2000 tcp:127.0.0.1:2001', undefined],
    ['', undefined],
  ])('reads %p', (text, address) => {
    expect(parseDaemonAddress(text)).toEqual(address);
  });
});
