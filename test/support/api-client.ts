import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; empty where there was none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  readonly body: any;
}

export interface SendOptions {
  /** The idempotency key; made where none is given and the method needs one. */
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiClientOptions {
  /** Requests under way at once at the most; others wait here for their turn. By default as many as there are. */
  readonly atOnce?: number;
  /**
   * Sends a request again, as it is, when it is answered that there is no answer for now (503, 504, `in_progress`): for tests of what is
   * answered, wherever a busy machine may keep the store from answering in time. A fault that has a cause of its own is still there after
   * {@link insistMs}.
   */
  readonly insists?: boolean;
}

const requestTimeoutMs = 30_000;
const notNow: ReadonlySet<number> = new Set([503, 504]);
const insistMs = 60_000;
const insistPauseMs = 500;
const retries = 200;
const longestPauseMs = 1_000;

/** A client as a user would write it: JSON over HTTP, and the same key again after anything that is not an answer. */
export class ApiClient {
  readonly url: string;
  readonly #apiKey: string;
  readonly #options: ApiClientOptions;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(url: string, apiKey: string, options: ApiClientOptions = {}) {
    this.url = url.replace(/\/$/, '');
    this.#apiKey = apiKey;
    this.#options = options;
    this.#free = options.atOnce ?? Number.POSITIVE_INFINITY;
  }

  /** A client of the same API with other credentials. */
  with(apiKey: string): ApiClient {
    return new ApiClient(this.url, apiKey, this.#options);
  }

  get(path: string, options: SendOptions = {}): Promise<ApiAnswer> {
    return this.#send('GET', path, undefined, options.headers ?? {});
  }

  post(path: string, body: unknown, options: SendOptions = {}): Promise<ApiAnswer> {
    return this.#send('POST', path, body, { 'idempotency-key': options.key ?? randomUUID(), ...options.headers });
  }

  patch(path: string, body: unknown, options: SendOptions = {}): Promise<ApiAnswer> {
    return this.#send('PATCH', path, body, { 'idempotency-key': options.key ?? randomUUID(), ...options.headers });
  }

  delete(path: string, options: SendOptions = {}): Promise<ApiAnswer> {
    return this.#send('DELETE', path, undefined, {
      'idempotency-key': options.key ?? randomUUID(),
      ...options.headers,
    });
  }

  /**
   * Posts until there is a final answer: tries again, under the same key, after a 5xx, a broken connection, a refusal for
   * being too many (429), while an earlier try is still being worked on, and while it waits in a line without having asked for that.
   */
  async settle(
    path: string,
    body: unknown,
    key: string = randomUUID(),
    headers: SendOptions['headers'] = {},
  ): Promise<ApiAnswer> {
    let last: unknown;
    for (let attempt = 0; attempt < retries; attempt++) {
      try {
        const answer = await this.post(path, body, { key, headers });
        if (isFinal(answer)) return answer;
        last = answer.text;
      } catch (error) {
        last = error;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(longestPauseMs, 20 * 2 ** attempt)));
    }
    throw new Error(`no final answer after ${retries} requests`, { cause: last });
  }

  async #send(...request: Parameters<typeof ApiClient.prototype.fetchAnswer>): Promise<ApiAnswer> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      const giveUpAt = Date.now() + insistMs;
      for (;;) {
        const answer = await this.fetchAnswer(...request);
        if (!this.#options.insists || !isUndecided(answer) || Date.now() > giveUpAt) return answer;
        await sleep(insistPauseMs);
      }
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }

  async fetchAnswer(
    method: string,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
  ): Promise<ApiAnswer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#apiKey}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, headers: response.headers, text, body: isJson && text ? JSON.parse(text) : {} };
  }
}

function isUndecided({ status, body }: ApiAnswer): boolean {
  return notNow.has(status) || (status === 409 && body.code === 'in_progress');
}

function isFinal({ status, headers, body }: ApiAnswer): boolean {
  if (status === 202) return headers.has('preference-applied');
  return status < 500 && status !== 429 && body.code !== 'in_progress';
}
