import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import type { FaultyLine, ImportLine } from './line.ts';

/** Why a line was refused. */
export interface Refusal {
  readonly code: string;
  readonly detail: string;
  /** The decline is stored with the key: only another key gets another answer. */
  readonly isFinal: boolean;
}

/**
 * The lines that were refused, in a file that can be corrected and imported itself: each is as it was, with why and where
 * in `refused`. A line whose key may be used again carries this key, so that it is applied once, whether it is imported from
 * here or again from the file it came from. A line with a final decline carries none.
 */
export class RefusedFile {
  readonly path: string;
  #descriptor: number | undefined;

  /** What an earlier run has left there is removed: its lines are refused again if they still are. */
  constructor(path: string) {
    this.path = path;
    rmSync(path, { force: true });
  }

  /** Adds a line that the ledger has refused. */
  add({ number, content }: ImportLine, key: string, refusal: Refusal): void {
    const { key: _, refused: __, ...rest } = content as Record<string, unknown>;
    this.#write({ ...rest, ...(!refusal.isFinal && { key }), refused: { line: number, ...refusal } });
  }

  /** Adds a line that was not sent. */
  addFaulty({ number, content, fault }: FaultyLine): void {
    const isObject = typeof content === 'object' && content !== null && !Array.isArray(content);
    const refused = { line: number, code: 'invalid_line', detail: fault, isFinal: false };
    this.#write(isObject ? { ...content, refused } : { refused: { ...refused, content } });
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }

  #write(line: object): void {
    this.#descriptor ??= openSync(this.path, 'w', 0o600);
    writeSync(this.#descriptor, `${JSON.stringify(line)}\n`);
  }
}
