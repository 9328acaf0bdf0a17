/** A line of a file, as it stands there. */
export interface FileLine {
  /** From 1. */
  readonly number: number;
  readonly bytes: Buffer;
  /** Where the next line begins, in bytes from the start of the file. */
  readonly end: number;
}

const lineFeed = 0x0a;

/**
 * Splits a file into lines without decoding them: only a line feed ends a line. (A carriage return before it is white
 * space to JSON, and U+2028 may stand within a JSON string.) What is longer than `maxBytes` is cut off behind one byte more,
 * so that a file without line feeds cannot fill the memory; whoever gets such a line can tell by its length.
 */
export async function* readLines(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<FileLine> {
  let number = 0;
  let position = 0;
  let parts: Buffer[] = [];
  let size = 0;
  const keep = (part: Buffer): void => {
    const room = maxBytes + 1 - size;
    if (room <= 0 || part.length === 0) return;
    parts.push(part.subarray(0, room));
    size += Math.min(part.length, room);
  };
  const take = (): FileLine => {
    const bytes = Buffer.concat(parts);
    parts = [];
    size = 0;
    number += 1;
    return { number, bytes, end: position };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, start)) {
      keep(chunk.subarray(start, at));
      position += at + 1 - start;
      start = at + 1;
      yield take();
    }
    keep(chunk.subarray(start));
    position += chunk.length - start;
  }
  if (size > 0) yield take();
}
