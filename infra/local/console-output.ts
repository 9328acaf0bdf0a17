import type { TerminalStyle } from './readable-line.ts';
import { StartFailure } from './start-failure.ts';

/**
 * What belongs in the terminal by the environment: `FLORIN_LOG=requests` shows a line for each request, `FLORIN_LOG=warnings` does
 * not; without it they are shown to a person (a TTY) and not to a file. `NO_COLOR` is honoured (no-color.org).
 * @throws {StartFailure} for another value of FLORIN_LOG.
 */
export function terminalStyle(environment: NodeJS.ProcessEnv, isTerminal: boolean): TerminalStyle {
  const { FLORIN_LOG: log, NO_COLOR: noColour } = environment;
  if (log && log !== 'requests' && log !== 'warnings') {
    throw new StartFailure(`FLORIN_LOG=${log} is neither requests nor warnings.`);
  }
  return { requests: log ? log === 'requests' : isTerminal, colours: isTerminal && !noColour };
}

/** What the runtime says while it works. */
export interface Progress {
  /** Runs a step and says what it was and how long it took. */
  step<T>(what: string, work: () => Promise<T> | T): Promise<T>;
  /** One line for something that went wrong in a running system; it gets the time in front. */
  warn(line: string): void;
  /** One line that has its time already, for what goes on. */
  say(line: string): void;
}

/** Says nothing; failures still reach the caller as errors. */
export const silent: Progress = { step: async (_, work) => work(), warn: () => undefined, say: () => undefined };

export const terminal: Progress = {
  async step(what, work) {
    const startedAt = performance.now();
    const result = await work();
    console.log(
      `  ${what} ${`${((performance.now() - startedAt) / 1_000).toFixed(1)} s`.padStart(Math.max(1, 44 - what.length))}`,
    );
    return result;
  },
  warn: (line) => console.error(`${new Date().toTimeString().slice(0, 8)} ${line}`),
  say: (line) => console.log(line),
};

/** The lines that a new user needs: where it is, the key, and three commands that work as pasted. */
export function welcome(url: string, apiKey: string, dataFolder: string, readyAfterMs: number): string {
  const authorization = `-H 'Authorization: Bearer ${apiKey}'`;
  return `
Florin is ready after ${(readyAfterMs / 1_000).toFixed(1)} s.

  URL        ${url}
  Key        ${apiKey}
  Reference  ${url}/docs
  Metrics    ${url}/metrics
  Tokens     POST ${url}/dev/token
  Data       ${dataFolder}

The balances of user_001:
  curl ${authorization} ${url}/v1/accounts/user_001/balances

Send 25 gold coins to user_002; repeat the line, and nothing moves twice:
  curl -X POST ${authorization} -H 'Idempotency-Key: first-transfer' -H 'Content-Type: application/json' -d '{"source":"user_001","destination":"user_002","asset":"GOLD_COINS","amount":"25"}' ${url}/v1/transfers

Its history:
  curl ${authorization} ${url}/v1/accounts/user_001/entries

Ctrl-C stops it; the data stays.
`;
}
