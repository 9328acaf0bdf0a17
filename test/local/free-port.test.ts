import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { freePort } from '../../infra/local/free-port.ts';

describe('freePort', () => {
  it('is none that the system gives to others by itself, and can be listened on', async () => {
    const port = await freePort();
    expect(port).toBeGreaterThanOrEqual(1_024);
    // The first that Linux gives to outgoing connections; other systems begin later.
    expect(port).toBeLessThan(32_768);
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
  });

  it('is another one where what is drawn is in use, and none where all that are drawn are', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port: taken } = server.address() as AddressInfo;
    const drawn = [taken, taken, await freePort()];
    const last = drawn.at(-1);
    expect(await freePort(() => drawn.shift() as number)).toBe(last);
    await expect(freePort(() => taken)).rejects.toThrow('None of 100 ports is free.');
    server.close();
    await once(server, 'close');
  });
});
