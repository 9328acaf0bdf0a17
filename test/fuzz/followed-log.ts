import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

const lookIntervalMs = 250;
const chunkBytes = 1_048_576;

/** What is written to a log from the moment on that it is followed. */
export interface FollowedLog {
  /** All of it until now. */
  text(): string;
  stop(): void;
}

/**
 * Reads a log while it grows. A runtime puts its log aside when it has become long, and throws away the one that it put aside before: on a
 * fast machine, who reads it at the end finds the last part only.
 */
export function followLog(file: string): FollowedLog {
  const chunks: Buffer[] = [];
  let descriptor = openSync(file, 'r');
  let position = fstatSync(descriptor).size;
  const readOn = (): void => {
    for (;;) {
      const chunk = Buffer.alloc(chunkBytes);
      const bytes = readSync(descriptor, chunk, 0, chunkBytes, position);
      if (bytes === 0) return;
      chunks.push(Buffer.from(chunk.subarray(0, bytes)));
      position += bytes;
    }
  };
  const look = (): void => {
    const current = statSync(file, { throwIfNoEntry: false });
    readOn();
    if (current === undefined || current.ino === fstatSync(descriptor).ino) return;
    closeSync(descriptor);
    descriptor = openSync(file, 'r');
    position = 0;
    readOn();
  };
  const timer = setInterval(look, lookIntervalMs);
  return {
    text() {
      look();
      return Buffer.concat(chunks).toString();
    },
    stop() {
      clearInterval(timer);
      closeSync(descriptor);
    },
  };
}
