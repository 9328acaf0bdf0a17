import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that systems give to whoever asks for any, which outgoing connections do all the time: Linux from 32768 on, others from 49152. */
const firstPort = 10_240;
const portsEnd = 32_768;

const maxTries = 100;

/**
 * A port of the loopback interface that is free at this moment, and that nobody gets before it is used but who asks for this very one.
 *
 * @throws Error where a hundred drawn ones are all in use
 */
export async function freePort(draw: () => number = () => randomInt(firstPort, portsEnd)): Promise<number> {
  for (let tries = 1; tries <= maxTries; tries++) {
    const port = draw();
    if (await isFree(port)) return port;
  }
  throw new Error(`None of ${maxTries} ports is free.`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
