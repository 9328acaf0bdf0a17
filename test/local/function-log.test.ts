import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { terminalStyle } from '../../infra/local/console-output.ts';
import type { FunctionOutput } from '../../infra/local/function-isolate.ts';
import { openFunctionLog } from '../../infra/local/function-log.ts';
import type { LogEntry, TerminalStyle } from '../../infra/local/readable-line.ts';

let folder: string;
let said: string[];
let warned: string[];
let measured: LogEntry[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'florin-test-'));
  said = [];
  warned = [];
  measured = [];
});

afterEach(() => rmSync(folder, { recursive: true }));

function open(style: Partial<TerminalStyle> = {}): FunctionOutput {
  return openFunctionLog({
    file: join(folder, 'log'),
    style: { requests: false, colours: false, ...style },
    warn: (line) => warned.push(line),
    say: (line) => said.push(line),
    measure: (_, entry) => measured.push(entry),
  });
}

const timestamp = '2026-11-21T10:00:00.123Z';
/** The clock time of that on this machine. */
const time = new Date(timestamp).toTimeString().slice(0, 8);
const request = { level: 'INFO', message: 'request', timestamp, service: 's', operation: 'createTransfer' };

function printed(entry: object, style: Partial<TerminalStyle> = { requests: true }): string[] {
  open(style).printed('f', `${JSON.stringify(entry)}\n`);
  return said;
}

describe('openFunctionLog', () => {
  it('writes everything as it was printed, and shows warnings and errors in short', () => {
    const log = open();
    const lines = [
      '{"level":"INFO","message":"request"}',
      '{"level":"WARN","message":"slow","service":"florin-accounts","correlation_id":"c-1"}',
      '{"level":"ERROR","message":"failed","error":{"message":"no luck"},"correlationId":"c-2"}',
      'plain words',
      '{"broken":',
    ];
    log.printed('f', `${lines.join('\n')}\n`);
    log.failed('f', 'crashed');
    expect(warned).toEqual([
      'WARN florin-accounts: slow (c-1)',
      'ERROR f: failed: no luck (c-2)',
      'f: plain words',
      'f: {"broken":',
      'ERROR f: crashed',
    ]);
    expect(said).toEqual([]);
    const written = readFileSync(join(folder, 'log'), 'utf8').split('\n');
    expect(written.slice(0, 5)).toEqual(lines);
    expect(JSON.parse(written[5] ?? '')).toMatchObject({ level: 'ERROR', functionName: 'f', message: 'crashed' });
  });

  it.each([{ requests: false }, { requests: true }])(
    'keeps lines of metrics alone out of the terminal (%j)',
    (style) => {
      const metrics = { _aws: { Timestamp: 1, CloudWatchMetrics: [] }, Requests: 1 };
      expect(printed(metrics, style)).toEqual([]);
      expect(warned).toEqual([]);
      expect(measured).toEqual([metrics]);
    },
  );

  it('gives request lines that carry metrics to be measured, whatever is shown', () => {
    const both = { ...request, _aws: { Timestamp: 1, CloudWatchMetrics: [] } };
    expect(printed(both, {})).toEqual([]);
    expect(measured).toEqual([both]);
  });

  it('shows no debugging and no other routine', () => {
    expect(printed({ level: 'DEBUG', message: 'detail' })).toEqual([]);
    expect(printed({ level: 'INFO', message: 'the feature flags can be read again' })).toEqual([]);
    expect(warned).toEqual([]);
  });

  it('stays below twice its bound', () => {
    const log = open();
    const megabyte = `${'x'.repeat(1_024 * 1_024 - 20)}"level":"INFO"\n`;
    for (let count = 0; count < 35; count += 1) {
      log.printed('f', megabyte);
    }
    const sizes = ['log', 'log.1'].map((name) => statSync(join(folder, name)).size / 1_024 / 1_024);
    expect(Math.max(...sizes)).toBeLessThan(12);
    expect(existsSync(join(folder, 'log.2'))).toBe(false);
  });
});

describe('the line of a request', () => {
  it.each<[object, string]>([
    [{ status: 201, latencyMs: 12.3, correlationId: 'c-1' }, '201 createTransfer 12.3 ms c-1'],
    [{ status: 201, Latency: 4, replayed: true, correlation_id: 'c-1' }, '201 createTransfer 4 ms replayed c-1'],
    [{ status: 422, latencyMs: 5, code: 'insufficient_funds' }, '422 createTransfer 5 ms insufficient_funds'],
    [{ status: 200, method: 'GET', path: '/v1/accounts/a' }, '200 GET /v1/accounts/a'],
    [{ status: 200, coldStart: true }, '200 createTransfer cold'],
    [{ status: { odd: 1 }, operation: ['odd'], latencyMs: 'x', code: {}, correlationId: null }, '??? request'],
  ])('is short, and bears with what is absent or odd: %j', (fields, expected) => {
    expect(printed({ ...request, ...fields })).toEqual([`${time} ${expected}`]);
  });

  it('bears with a time that is none', () => {
    expect(printed({ ...request, timestamp: 'yesterday', status: 200 })[0]).toMatch(/^\d\d:\d\d:\d\d 200 /);
  });

  it('does not let what a client sent steer the terminal', () => {
    const hostile = '\u001b[2J\u009b31m\r\nfake';
    const [shown] = printed({ ...request, status: 200, correlationId: hostile, path: hostile, method: 'GET' });
    open().printed('f', `${hostile}\n${JSON.stringify({ level: 'WARN', message: hostile })}\n`);
    expect(shown).toContain('fake');
    expect(warned).toHaveLength(3);
    for (const text of [shown, ...warned]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
      expect(text?.replaceAll('\n    ', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    }
  });

  it('lets no line of a stack pass for a line of its own', () => {
    open().failed('f', 'Error: no luck\n    at here\n12:00:00 ERROR forged');
    expect(warned).toEqual(['ERROR f: Error: no luck\n        at here\n    12:00:00 ERROR forged']);
  });

  it('is coloured by its status only where colours are wanted', () => {
    const entry = { ...request, status: 503, code: 'contention' };
    expect(printed(entry, { requests: true, colours: true })[0]).toContain('\u001b[31m503\u001b[39m');
  });
});

describe('terminalStyle', () => {
  it.each<[NodeJS.ProcessEnv, boolean, TerminalStyle]>([
    [{}, true, { requests: true, colours: true }],
    [{}, false, { requests: false, colours: false }],
    [{ FLORIN_LOG: 'requests' }, false, { requests: true, colours: false }],
    [{ FLORIN_LOG: 'warnings' }, true, { requests: false, colours: true }],
    [{ NO_COLOR: '1' }, true, { requests: true, colours: false }],
    [{ NO_COLOR: '' }, true, { requests: true, colours: true }],
  ])('for %j and a terminal: %s', (environment, isTerminal, style) => {
    expect(terminalStyle(environment, isTerminal)).toEqual(style);
  });

  it('refuses a value that it does not know', () => {
    expect(() => terminalStyle({ FLORIN_LOG: 'all' }, true)).toThrow(
      'FLORIN_LOG=all is neither requests nor warnings.',
    );
  });
});
