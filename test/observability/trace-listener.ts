import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { busyMachineMs } from '../support/until.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever they expect, and fail where it is not there.
type Document = any;

/** Stands where X-Ray's daemon is and takes what is sent to it. */
export interface TraceListener {
  /** For AWS_XRAY_DAEMON_ADDRESS. */
  readonly address: string;
  readonly documents: Document[];
  /** Resolves with the first document that satisfies a test, come or to come; rejects where none comes. */
  find(test: (document: Document) => boolean): Promise<Document>;
  stop(): Promise<void>;
}

export async function listenForTraces(): Promise<TraceListener> {
  const socket = createSocket('udp4');
  const documents: Document[] = [];
  socket.on('message', (message) => {
    const [header, ...rest] = message.toString().split('\n');
    if (header !== '{"format": "json", "version": 1}') throw new Error(`not the daemon's format: ${header}`);
    documents.push(JSON.parse(rest.join('\n')));
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    documents,
    async find(test) {
      const signal = AbortSignal.timeout(busyMachineMs);
      for (;;) {
        const found = documents.find(test);
        if (found) return found;
        await once(socket, 'message', { signal });
      }
    },
    async stop() {
      socket.close();
      await once(socket, 'close');
    },
  };
}
