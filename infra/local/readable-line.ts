import { styleText } from 'node:util';

/** A structured line that a function has printed. Whatever is in it may be absent or of another type. */
export type LogEntry = Readonly<Record<string, unknown>>;

/** What belongs in the terminal. */
export interface TerminalStyle {
  /** One line for each request; else warnings and errors only. */
  readonly requests: boolean;
  readonly colours: boolean;
}

type Colour = 'dim' | 'green' | 'cyan' | 'yellow' | 'red';

const troubles: Readonly<Record<string, Colour>> = { WARN: 'yellow', ERROR: 'red', CRITICAL: 'red' };

/** A line for the terminal, or undefined for what only belongs in the file. */
export function readableLine(functionName: string, entry: LogEntry, style: TerminalStyle): string | undefined {
  const level = String(entry.level);
  const colour = troubles[level];
  if (colour) {
    return trouble(functionName, entry, (text) => paint(text, colour, style));
  }
  return style.requests && entry.message === 'request' ? request(entry, style) : undefined;
}

/** Stacks have several lines; indented, none of them can pass for a line of its own. */
const indentedLine = '\n    ';

/** A line of plain text that a function has printed, so somebody meant it to be read. */
export function plainLine(functionName: string, text: string): string {
  return harmless(`${functionName}: ${text}`);
}

function trouble(functionName: string, entry: LogEntry, painted: (text: string) => string): string {
  const { message: reason } = (entry.error ?? {}) as { message?: unknown };
  const correlation = entry.correlation_id ?? entry.correlationId;
  const words = [
    `${entry.service ?? functionName}: ${entry.message}`,
    reason && `: ${reason}`,
    correlation && ` (${correlation})`,
  ];
  return `${painted(harmless(String(entry.level)))} ${harmless(words.filter(Boolean).join(''), indentedLine)}`;
}

/** `10:00:00 201 POST /v1/transfers 12.3 ms c-1 replayed`; with the name of the operation where the line has no path. */
function request(entry: LogEntry, style: TerminalStyle): string {
  const status = Number(entry.status);
  const method = text(entry.method) ?? text(entry.httpMethod);
  const path = text(entry.path) ?? text(entry.resource);
  const latency = entry.latencyMs ?? entry.Latency;
  const what = method && path ? `${method} ${path}` : (text(entry.operation) ?? 'request');
  const words = [
    paint(timeOf(entry.timestamp), 'dim', style),
    paint(harmless(text(entry.status) ?? '???'), colourOf(status), style),
    harmless(what),
    typeof latency === 'number' && paint(`${latency} ms`, 'dim', style),
    isTrue(entry.coldStart ?? entry.cold_start) && paint('cold', 'dim', style),
    isTrue(entry.replayed) && paint('replayed', 'cyan', style),
    text(entry.code) && paint(harmless(String(entry.code)), colourOf(status), style),
    paint(harmless(text(entry.correlation_id ?? entry.correlationId) ?? ''), 'dim', style),
  ];
  return words.filter(Boolean).join(' ');
}

function colourOf(status: number): Colour {
  if (status >= 500) return 'red';
  return status >= 400 ? 'yellow' : 'green';
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}

/** The clock time on this machine, as a person at the terminal reads it. */
function timeOf(timestamp: unknown): string {
  const given = new Date(String(timestamp));
  return (Number.isNaN(given.getTime()) ? new Date() : given).toTimeString().slice(0, 8);
}

function paint(words: string, colour: Colour, { colours }: TerminalStyle): string {
  return colours && words ? styleText(colour, words, { validateStream: false }) : words;
}

/**
 * Some of what is shown comes from clients, whose control characters must not steer the terminal.
 * @param newline what stands for the end of a line.
 */
function harmless(words: string, newline = '\u{fffd}'): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return words.replace(/[\u0000-\u001f\u007f-\u009f]/g, (found) => (found === '\n' ? newline : '\u{fffd}'));
}
