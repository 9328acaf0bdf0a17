/** Takes what is written to standard output until it is stopped; returns the lines. */
export function listenToLines(): { stop(): string[] } {
  const { stdout } = process;
  const write = stdout.write;
  let text = '';
  // The logger writes through a console of its own, which ends here whatever it is called with.
  stdout.write = ((chunk: string | Uint8Array) => {
    text += Buffer.from(chunk).toString();
    return true;
  }) as typeof stdout.write;
  return {
    stop() {
      stdout.write = write;
      return text.split('\n').filter((line) => line !== '');
    },
  };
}
