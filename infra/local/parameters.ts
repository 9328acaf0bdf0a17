import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { ParameterDefinition } from './deployment.ts';
import type { StoredParameter } from './parameter-store.ts';

/** The last part of the name of the parameter with the feature flags. */
const flagsName = /\/flags$/;
/** What a standard parameter may hold. */
const maximumValueBytes = 4_096;
const watchIntervalMs = 1_000;

/** The template's parameters; that of the feature flags has the value of a file, as long as there is one. */
export class Parameters {
  readonly #stored: Map<string, StoredParameter>;
  readonly #initial: ReadonlyMap<string, string>;
  readonly #flags: string | undefined;
  readonly #file: string;
  readonly #show: (line: string) => void;
  /** The last content of the file that was complained about. */
  #refused: string | undefined;

  /**
   * @param file overrides the flags; it need not be there.
   * @param show receives a line when the flags change, or the file is of no use.
   */
  constructor(definitions: readonly ParameterDefinition[], file: string, show: (line: string) => void) {
    const modifiedAt = Date.now();
    this.#initial = new Map(definitions.map(({ name, value }) => [name, value]));
    this.#stored = new Map(definitions.map(({ name, value }) => [name, { name, value, version: 1, modifiedAt }]));
    this.#flags = definitions.find(({ name }) => flagsName.test(name))?.name;
    this.#file = file;
    this.#show = show;
    this.#refresh();
    if (this.#flags) {
      // For the word in the terminal soon after it was saved; readers look by themselves.
      watchFile(file, { persistent: false, interval: watchIntervalMs }, () => this.#refresh());
    }
  }

  /** The parameter as it stands now; the file is read each time, which is once a minute for each isolate. */
  find(name: string): StoredParameter | undefined {
    if (name === this.#flags) this.#refresh();
    return this.#stored.get(name);
  }

  stop(): void {
    unwatchFile(this.#file);
  }

  #refresh(): void {
    const name = this.#flags;
    const value = name === undefined ? undefined : this.#override(name);
    const before = name === undefined ? undefined : this.#stored.get(name);
    if (name === undefined || value === undefined || before === undefined || before.value === value) {
      return;
    }
    this.#stored.set(name, { name, value, version: before.version + 1, modifiedAt: Date.now() });
    this.#show(`${name} is now ${value} (functions look once a minute)`);
  }

  /** The value by the file: the template's where there is none, undefined where it is of no use. */
  #override(name: string): string | undefined {
    let text: string;
    try {
      text = readFileSync(this.#file, 'utf8').trim();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        return this.#initial.get(name);
      }
      return this.#refuse((error as Error).message);
    }
    const fault = faultOf(text);
    if (fault !== undefined) {
      return this.#refuse(fault, text);
    }
    this.#refused = undefined;
    return text;
  }

  #refuse(fault: string, text = fault): undefined {
    if (this.#refused !== text) {
      this.#refused = text;
      this.#show(`WARN ${this.#file} is not used: ${fault}. The flags stay as they were.`);
    }
  }
}

function faultOf(text: string): string | undefined {
  if (Buffer.byteLength(text) > maximumValueBytes) {
    return `it is longer than the ${maximumValueBytes} bytes that a parameter can hold`;
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : 'it holds no JSON object';
  } catch (error) {
    return (error as Error).message;
  }
}
