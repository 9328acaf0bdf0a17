/** Everything that is written to standard output and standard error while it captures. */
export interface CapturedOutput {
  /** All of it, as it was written. */
  readonly text: string;
  /** The JSON lines in it. */
  lines(): Readonly<Record<string, unknown>>[];
  clear(): void;
  stop(): void;
}

/** Takes what the process writes, instead of letting it out. */
export function captureOutput(): CapturedOutput {
  const streams = [process.stdout, process.stderr];
  const writers = streams.map((stream) => stream.write);
  let text = '';
  for (const stream of streams) {
    stream.write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
      text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      const done = rest.at(-1);
      if (typeof done === 'function') done();
      return true;
    }) as typeof stream.write;
  }
  return {
    get text() {
      return text;
    },
    lines: () =>
      text
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line)),
    clear() {
      text = '';
    },
    stop() {
      for (const [index, stream] of streams.entries()) stream.write = writers[index] as typeof stream.write;
    },
  };
}
