import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type PostFailure, postFailures } from './attempt-errors.ts';
import { AddressRefused, type AddressRule, guardedLookup, type Resolve, resolveBySystem } from './guarded-lookup.ts';
import { attemptTimeoutMs, connectTimeoutMs, excerptBytes, excerptTimeoutMs } from './limits.ts';
import { isPublicAddress } from './public-address.ts';
import { faultOfTarget, type TargetRule } from './target-url.ts';

/** What became of a request. Latencies in milliseconds. */
export type PostOutcome =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly latencyMs: number;
      /** The beginning of the answer's body, as text. */
      readonly excerpt: string;
      readonly retryAfter: string | undefined;
    }
  | { readonly kind: 'unanswered'; readonly failure: PostFailure; readonly latencyMs: number };

export interface GuardedPostOptions {
  readonly rule: TargetRule;
  readonly resolve?: Resolve;
  /** Where names may lead under `public`; to public addresses by default. */
  readonly mayConnectTo?: AddressRule;
  /** Certificate authorities beside those that Node knows, in PEM. */
  readonly ca?: string;
  readonly timeoutMs?: number;
  readonly connectMs?: number;
  readonly excerptMs?: number;
}

export interface PostRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Sends POST requests to addresses that others chose: under `public` to public addresses only, looked up and checked where the
 * connection is made; never through a proxy, whatever the environment says; never after a redirect. It reads a little of the
 * answer and drops the connection. Every wait is bounded, also while an answer trickles.
 */
export class GuardedPost {
  readonly #options: Required<Omit<GuardedPostOptions, 'ca' | 'resolve' | 'mayConnectTo'>>;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  constructor({ rule, resolve = resolveBySystem, mayConnectTo = isPublicAddress, ca, ...times }: GuardedPostOptions) {
    this.#options = {
      rule,
      timeoutMs: attemptTimeoutMs,
      connectMs: connectTimeoutMs,
      excerptMs: excerptTimeoutMs,
      ...times,
    };
    // No connection is kept: each is checked anew, and one that a receiver has closed meanwhile cannot spoil an attempt.
    const common = { keepAlive: false, ...(rule === 'public' && { lookup: guardedLookup(resolve, mayConnectTo) }) };
    this.#http = new HttpAgent(common);
    this.#https = new HttpsAgent({ ...common, ...(ca !== undefined && { ca }) });
  }

  /** Never rejects: what goes wrong on the way is an outcome. */
  async send({ url: text, headers, body }: PostRequest): Promise<PostOutcome> {
    const startedAt = performance.now();
    const latencyMs = () => Math.round(performance.now() - startedAt);
    const unanswered = (failure: PostFailure): PostOutcome => ({ kind: 'unanswered', failure, latencyMs: latencyMs() });
    // A literal address is never looked up, so it is checked here; and a URL may have been stored under other rules.
    if (faultOfTarget(text, this.#options.rule) !== undefined) return unanswered('address_refused');
    const url = new URL(text);
    const isHttps = url.protocol === 'https:';
    const request = (isHttps ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      agent: isHttps ? this.#https : this.#http,
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    });
    const timers = this.#limit(request, isHttps ? 'secureConnect' : 'connect');
    try {
      const response = await answerTo(request, body);
      const { statusCode: status = 0, headers: answered } = response;
      const latency = latencyMs();
      const excerpt = await this.#excerptOf(response);
      return { kind: 'answered', status, latencyMs: latency, excerpt, retryAfter: answered['retry-after'] };
    } catch (error) {
      return unanswered(failureOf(error));
    } finally {
      for (const timer of timers) clearTimeout(timer);
      request.destroy();
    }
  }

  #limit(request: ClientRequest, connected: 'connect' | 'secureConnect'): readonly NodeJS.Timeout[] {
    const { timeoutMs, connectMs } = this.#options;
    const whole = setTimeout(() => request.destroy(new TimeIsUp('timeout')), timeoutMs);
    const connecting = setTimeout(() => request.destroy(new TimeIsUp('connect_timeout')), connectMs);
    request.on('socket', (socket) => socket.once(connected, () => clearTimeout(connecting)));
    return [whole, connecting];
  }

  /** What the receiver says is settled by its status; of the body as much as comes in a moment. */
  async #excerptOf(response: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    const enough = setTimeout(() => response.destroy(), this.#options.excerptMs);
    try {
      for await (const chunk of response) {
        chunks.push(chunk as Buffer);
        size += (chunk as Buffer).length;
        if (size >= excerptBytes) break;
      }
    } catch {
      // The body broke off or took too long: its beginning is what is kept.
    } finally {
      clearTimeout(enough);
    }
    return textOf(Buffer.concat(chunks).subarray(0, excerptBytes));
  }
}

class TimeIsUp extends Error {
  readonly failure: PostFailure;
  constructor(failure: PostFailure) {
    super(postFailures[failure]);
    this.failure = failure;
  }
}

function answerTo(request: ClientRequest, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve);
    // Stays for good: an error after the answer, when the connection is dropped, is nobody's business.
    request.on('error', reject);
    // A receiver that switches protocols gives no answer that could be read.
    request.on('upgrade', (_response, socket) => {
      socket.destroy();
      reject(Object.assign(new Error('the receiver switched protocols'), { code: 'EPROTO' }));
    });
    request.end(body);
  });
}

const dnsCodes = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME', 'ENODATA', 'ESERVFAIL']);
const tlsCode = /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_|ERR_OSSL_|EPROTO$|CRL_)/;

function failureOf(error: unknown): PostFailure {
  if (error instanceof TimeIsUp) return error.failure;
  if (error instanceof AddressRefused) return 'address_refused';
  const { code = '' } = error as NodeJS.ErrnoException;
  if (dnsCodes.has(code)) return 'dns_failure';
  return tlsCode.test(code) ? 'tls_failure' : 'connection_failure';
}

// Control characters, save tab and line feed, are no text that a person would want to see.
const notText = /[^\t\n\x20-\x7e\u00a0-\uffff]/g;

function textOf(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll(notText, '\ufffd');
}
