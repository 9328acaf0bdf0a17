import { appendFileSync, renameSync, rmSync, statSync } from 'node:fs';
import type { FunctionOutput } from './function-isolate.ts';
import { type LogEntry, plainLine, readableLine, type TerminalStyle } from './readable-line.ts';

/** The size at which the log is put aside as `<file>.1`; so it never takes more than twice that. */
const maximumBytes = 10 * 1_024 * 1_024;

export interface FunctionLogOptions {
  /** Takes every line as it was printed. */
  readonly file: string;
  readonly style: TerminalStyle;
  /** Receives warnings, errors and plain text, one short line each. */
  readonly warn: (line: string) => void;
  /** Receives one short line for each request, where the style asks for them. */
  readonly say: (line: string) => void;
  /** Receives every structured line that may hold metrics. */
  readonly measure: (functionName: string, entry: LogEntry) => void;
}

/** Writes what functions print to a file, takes the metrics out of it, and shows in short what belongs in the terminal. */
export function openFunctionLog({ file, style, warn, say, measure }: FunctionLogOptions): FunctionOutput {
  let bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const append = (text: string): void => {
    if (bytes > maximumBytes) {
      rmSync(`${file}.1`, { force: true });
      renameSync(file, `${file}.1`);
      bytes = 0;
    }
    // Functions hand over their output in batches, so this is a few small writes a second, in order, and none is lost.
    appendFileSync(file, text);
    bytes += Buffer.byteLength(text);
  };
  const printed = (functionName: string, line: string): void => {
    if (line === '' || isOfNoInterest(line, style)) {
      return;
    }
    const entry = parse(line);
    if (!entry) {
      warn(plainLine(functionName, line));
      return;
    }
    measure(functionName, entry);
    const short = readableLine(functionName, entry, style);
    if (short) {
      (isRoutine(entry) ? say : warn)(short);
    }
  };
  return {
    printed(functionName, text) {
      append(text);
      for (const line of text.split('\n')) {
        printed(functionName, line);
      }
    },
    failed(functionName, message) {
      const entry = { level: 'ERROR', timestamp: new Date().toISOString(), functionName, message };
      append(`${JSON.stringify(entry)}\n`);
      warn(readableLine(functionName, entry, style) as string);
    },
  };
}

/** Saves parsing what is only for the file. The words may stand in a value, too, which costs no more than the parsing. */
function isOfNoInterest(line: string, { requests }: TerminalStyle): boolean {
  return !requests && isRoutineText(line) && !line.includes('"_aws"');
}

function isRoutineText(line: string): boolean {
  return line.includes('"level":"INFO"') || line.includes('"level":"DEBUG"');
}

function isRoutine({ level }: LogEntry): boolean {
  return level === 'INFO';
}

function parse(line: string): LogEntry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as LogEntry) : undefined;
  } catch {
    // Not one of the structured lines.
    return undefined;
  }
}
