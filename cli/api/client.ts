import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { version } from '../version.ts';
import type { Answer } from './answer.ts';
import { problemAnswer } from './answers.ts';
import { ApiProblem } from './problem.ts';
import { pauseBefore, retryAfterMs } from './retry.ts';

export interface ClientSettings {
  /** Without a slash at its end; may carry a stage or base path. */
  readonly url: string;
  readonly apiKey: string;
  /** How long a request may take with all its attempts, in milliseconds. */
  readonly timeoutMs: number;
}

export interface Change {
  readonly method: 'POST' | 'PATCH';
  readonly path: string;
  readonly body: unknown;
  /** Names the change for ever; its attempts share it. */
  readonly key: string;
  /** Asks that it be accepted, and executed in the background. */
  readonly isAsync?: boolean;
}

/** Parameters that are not given are left out. */
export type Query = Readonly<Record<string, string | undefined>>;

interface Attempt {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An attempt that gave no final answer. */
interface Inconclusive {
  readonly reason: string;
  readonly retryAfterMs: number;
  /** It is known to have had no effect. */
  readonly isHarmless: boolean;
}

/** The longest wait for one attempt: longer than the service may take, so that a slow answer is not given up. */
const attemptTimeoutMs = 20_000;

/** Problems after which nothing was decided. */
const harmlessCodes: readonly string[] = ['contention', 'unavailable', 'rate_limited'];

/** Failures of a connection that was never there, so nothing can have been sent on it. */
const unsentCodes: readonly string[] = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

/**
 * A client of the HTTP API. A request is repeated, under its key, after a broken connection, a 5xx, a 429, while an
 * earlier attempt is still being worked on and while it waits in a line without having asked for that; for a bounded time.
 */
export class ApiClient {
  readonly #settings: ClientSettings;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
  }

  /** Reads JSON. @throws ApiProblem; Failure (unavailable, unexpected) */
  get(path: string, query: Query = {}): Promise<Answer> {
    return this.#read(path, query, 'application/json');
  }

  /** Reads a page of a file. @throws ApiProblem; Failure (unavailable, unexpected) */
  async getText(path: string, query: Query): Promise<{ readonly text: string; readonly nextCursor?: string }> {
    const { text, nextCursor } = await this.#read(path, query, 'text/csv, application/jsonl');
    return { text, ...(nextCursor !== undefined && { nextCursor }) };
  }

  async #read(path: string, query: Query, accept: string): Promise<Answer> {
    const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
    const search = new URLSearchParams(given).toString();
    const outcome = await this.#settle({
      method: 'GET',
      path: search ? `${path}?${search}` : path,
      headers: { accept },
    });
    if ('reason' in outcome) throw new Failure(exitCodes.unavailable, `No answer: ${outcome.reason}.`);
    return outcome;
  }

  /**
   * Sends a change until there is a final answer.
   * @throws ApiProblem; Failure (unavailable, unexpected). Whether it may have had its effect is said.
   */
  async change({ method, path, body, key, isAsync = false }: Change): Promise<Answer> {
    const headers = {
      accept: 'application/json',
      'idempotency-key': key,
      ...(isAsync && { prefer: 'respond-async' }),
    };
    const outcome = await this.#settle(
      body === undefined
        ? { method, path, headers }
        : { method, path, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) },
    );
    if (!('reason' in outcome)) return outcome;
    const effect = outcome.isHarmless ? 'Nothing was done.' : 'It may have been done.';
    throw new Failure(
      exitCodes.unavailable,
      `No final answer: ${outcome.reason}. ${effect} Repeat the command with --key ${key}: it is done once, whatever happened.`,
    );
  }

  async #settle(attempt: Attempt): Promise<Answer | Inconclusive> {
    const giveUpAt = performance.now() + this.#settings.timeoutMs;
    let isHarmless = true;
    for (let count = 0; ; count++) {
      const outcome = await this.#try(attempt, giveUpAt - performance.now());
      if (!('reason' in outcome)) return outcome;
      isHarmless &&= outcome.isHarmless;
      const pause = pauseBefore(count, outcome.retryAfterMs, Math.random);
      if (performance.now() + pause >= giveUpAt) return { ...outcome, isHarmless };
      await sleep(pause);
    }
  }

  async #try({ method, path, headers, body }: Attempt, remainingMs: number): Promise<Answer | Inconclusive> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.#settings.url + path, {
        method,
        headers: { ...headers, authorization: `Bearer ${this.#settings.apiKey}`, 'user-agent': `florin/${version}` },
        ...(body !== undefined && { body }),
        // The key is for this address only.
        redirect: 'manual',
        signal: AbortSignal.timeout(Math.ceil(Math.min(attemptTimeoutMs, Math.max(1, remainingMs)))),
      });
      text = await response.text();
    } catch (error) {
      return connectionFailure(error, this.#settings.url);
    }
    return judge(response, text, headers.accept !== 'application/json');
  }
}

function judge(response: Response, text: string, isFile: boolean): Answer | Inconclusive {
  const { status, headers } = response;
  const body = parseJson(text);
  if (status === 202 && !headers.has('preference-applied')) {
    // Nobody asked to be answered before it is done; the same request waits for its turn.
    return { reason: 'it was accepted and waits for its turn', retryAfterMs: 0, isHarmless: false };
  }
  if (status >= 200 && status < 300 && (isFile ? isFileType(headers) : body !== undefined)) {
    const date = Date.parse(headers.get('date') ?? '');
    const serverTime = Number.isNaN(date) ? undefined : date;
    const nextCursor = headers.get('x-next-cursor') ?? undefined;
    return { status, body, text, nextCursor, isReplay: isReplay(headers), serverTime };
  }
  const problem = problemAnswer.safeParse(body);
  const code = problem.success ? problem.data.code : undefined;
  if (status >= 500 || status === 429 || code === 'in_progress') {
    return {
      reason: `${status}${problem.success ? ` ${problem.data.code}: ${withoutFullStop(problem.data.detail)}` : ''}`,
      retryAfterMs: retryAfterMs(headers.get('retry-after'), Date.now()),
      isHarmless: status === 429 || (code !== undefined && harmlessCodes.includes(code)),
    };
  }
  if (status >= 400 && problem.success)
    throw new ApiProblem(status, { value: problem.data, raw: body }, isReplay(headers));
  const where = headers.get('location');
  throw new Failure(
    exitCodes.unexpected,
    `${response.url} answered ${status}${where ? ` (to ${where})` : ''}, which is not Florin's API. Is the URL right?`,
  );
}

function connectionFailure(error: unknown, url: string): Inconclusive {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as NodeJS.ErrnoException).code;
  const isUnsent = code !== undefined && unsentCodes.includes(code);
  const reason = cause instanceof Error ? cause.message || code || cause.name : String(cause);
  return { reason: `${url} could not be reached (${withoutFullStop(reason)})`, retryAfterMs: 0, isHarmless: isUnsent };
}

function isFileType(headers: Headers): boolean {
  return /^(text\/csv|application\/jsonl)\b/.test(headers.get('content-type') ?? '');
}

function isReplay(headers: Headers): boolean {
  return headers.get('idempotent-replayed') === 'true';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON at all, or an answer that was cut off: undefined stands for both, and JSON has no undefined.
    return undefined;
  }
}

function withoutFullStop(text: string): string {
  return text.replace(/\.$/, '');
}
