import { appendFileSync, renameSync, rmSync, statSync } from 'node:fs';
import type { FunctionOutput } from './function-isolate.ts';

/** The size at which the log is put aside as `<file>.1`; so it never takes more than twice that. */
const maximumBytes = 10 * 1_024 * 1_024;
const levelsToShow = new Set(['WARN', 'ERROR', 'CRITICAL']);

/**
 * Writes what functions print to a file, line by line as they print it, and shows warnings and errors in short.
 * @param show receives one short line for each.
 */
export function openFunctionLog(file: string, show: (line: string) => void): FunctionOutput {
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
  return {
    printed(functionName, text) {
      append(text);
      for (const line of text.split('\n')) {
        const short = shorten(functionName, line);
        if (short) {
          show(short);
        }
      }
    },
    failed(functionName, message) {
      append(`${JSON.stringify({ level: 'ERROR', timestamp: new Date().toISOString(), functionName, message })}\n`);
      show(`ERROR ${functionName}: ${message}`);
    },
  };
}

/** A line for the terminal, or undefined for what only belongs in the file. */
function shorten(functionName: string, line: string): string | undefined {
  if (line === '' || line.includes('"level":"INFO"') || line.includes('"level":"DEBUG"')) {
    return undefined;
  }
  try {
    const entry = JSON.parse(line) as Record<string, unknown>;
    if (!levelsToShow.has(String(entry.level))) {
      return undefined;
    }
    const error = entry.error as { message?: string } | undefined;
    const correlation = entry.correlation_id ?? entry.correlationId;
    return [
      `${entry.level} ${entry.service ?? functionName}: ${entry.message}`,
      error?.message && `: ${error.message}`,
      correlation && ` (${correlation})`,
    ]
      .filter(Boolean)
      .join('');
  } catch {
    // Not one of the structured lines, so somebody meant it to be read.
    return `${functionName}: ${line}`;
  }
}
