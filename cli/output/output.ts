import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { Read } from '../api/answer.ts';
import { type Column, Table } from './table.ts';

/**
 * What a command says. Answers go to standard output: for people as text and tables, with `--json` as one JSON object a
 * line, as the API gave it. Everything else goes to standard error, so that it is never in the way.
 */
export class Output {
  readonly isJson: boolean;
  readonly #answers: Writable;
  readonly #remarks: Writable;

  constructor(isJson: boolean, answers: Writable = process.stdout, remarks: Writable = process.stderr) {
    this.isJson = isJson;
    this.#answers = answers;
    this.#remarks = remarks;
  }

  /** Writes a line of the answer; waits while the reader is slower. */
  line(text: string): Promise<void> {
    return this.text(`${text}\n`);
  }

  /** Writes text that has its own line ends. */
  async text(text: string): Promise<void> {
    if (!this.#answers.write(text)) await once(this.#answers, 'drain');
  }

  remark(text: string): void {
    this.#remarks.write(`${text}\n`);
  }

  /** Writes one thing: as it came, or as a function puts it into lines. */
  async one<T>({ raw, value }: Read<T>, lines: (value: T) => Iterable<string>): Promise<void> {
    if (this.isJson) return this.line(JSON.stringify(raw));
    for (const text of lines(value)) await this.line(text);
  }

  /** Writes a list, of which only a page at a time is in memory. */
  async list<T>(pages: AsyncIterable<readonly Read<T>[]>, columns: readonly Column<T>[]): Promise<void> {
    const table = new Table(columns);
    for await (const items of pages) {
      const lines = this.isJson
        ? items.map(({ raw }) => JSON.stringify(raw))
        : table.lines(items.map(({ value }) => value));
      for (const text of lines) await this.line(text);
    }
  }
}
