import { createServer } from 'node:net';
import { StartFailure } from './start-failure.ts';

/** Finds out before the long work whether the port can be had. */
export async function assertPortFree(port: number): Promise<void> {
  if (port !== 0) {
    await withPort(port, async () => {
      const server = createServer();
      await new Promise<void>((fulfil, reject) => {
        server.once('error', reject);
        server.listen(port, '127.0.0.1', fulfil);
      });
      await new Promise((fulfil) => server.close(fulfil));
    });
  }
}

/**
 * Does what listens on the port.
 * @throws {StartFailure} when the port cannot be had.
 */
export async function withPort<T>(port: number, work: (port: number) => Promise<T>): Promise<T> {
  try {
    return await work(port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new StartFailure(`Port ${port} is in use. Choose another: PORT=${port + 1} npm start`);
    }
    if (code === 'EACCES') {
      throw new StartFailure(`Port ${port} may not be used by this user. Choose one above 1023: PORT=3000 npm start`);
    }
    throw error;
  }
}
