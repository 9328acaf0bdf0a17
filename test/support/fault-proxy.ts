import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as openRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaultChooser, type FaultRule } from './fault-rules.ts';
import {
  conflicted,
  type ErrorAnswer,
  type Fault,
  type FaultKind,
  internalServerError,
  type JsonBody,
  splitBatch,
  throttled,
} from './faults.ts';
import { seededRandom } from './seeded-random.ts';

/** One request through the proxy, in order of arrival. Fields about the target are set once it has answered. */
export type ProxiedCall = {
  readonly operation: string;
  /** The request as the client sent it. */
  readonly body: JsonBody;
  readonly faults: readonly FaultKind[];
  /** Whether the target was asked, whatever became of its answer. */
  forwarded: boolean;
  targetStatus?: number;
  /** The exception's name, if the target itself refused. */
  targetError?: string;
  /** Capacity units the target reported for this call, over all tables. */
  consumedUnits?: number;
};

export type FaultProxyOptions = {
  /** Base URL of the DynamoDB endpoint. */
  readonly target: string;
  /** For every drawn decision; taken from `FAULT_SEED`, or made, if left out. */
  readonly seed?: number;
  /** Ask the target for consumed capacity, also where the client does not, so that `log` shows each call's cost. */
  readonly measureCapacity?: boolean;
};

/** A running proxy. `rules` and `log` may be changed at any time: push a rule, set `length = 0`. */
export type FaultProxy = {
  readonly url: string;
  readonly seed: number;
  readonly rules: FaultRule[];
  readonly log: ProxiedCall[];
  /** Resolves once no request is on its way to the target, not even one whose client has given up; hung ones do not count. */
  settled(): Promise<void>;
  /** Breaks every connection, hung ones included, and frees the port. */
  stop(): Promise<void>;
};

type Capacity = { readonly CapacityUnits: number };
type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer };

/**
 * Starts an HTTP proxy that stands between an AWS SDK and DynamoDB and fails as networks and DynamoDB do. Without rules it
 * changes nothing. A request that was delayed is forwarded even if its client has given up meanwhile, since that is what
 * makes time-outs dangerous: the write still arrives.
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const seed = options.seed ?? seedFromEnvironment();
  const proxy = new RunningProxy(options, seed);
  await proxy.listen();
  return proxy;
}

class RunningProxy implements FaultProxy {
  readonly seed: number;
  readonly rules: FaultRule[] = [];
  readonly log: ProxiedCall[] = [];
  readonly #target: URL;
  readonly #measureCapacity: boolean;
  readonly #draw: () => number;
  readonly #chooser: FaultChooser;
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #stopping = new AbortController();
  readonly #inFlight = new Set<Promise<void>>();

  constructor(options: FaultProxyOptions, seed: number) {
    this.seed = seed;
    this.#target = new URL(options.target);
    this.#measureCapacity = options.measureCapacity ?? false;
    this.#draw = announcing(seed, seededRandom(seed));
    this.#chooser = new FaultChooser(this.rules, this.#draw);
    this.#server = createServer((request, response) => this.#accept(request, response));
    // The SDK keeps its connections; were they closed here for being idle, tests would meet faults that nobody asked for.
    this.#server.keepAliveTimeout = 0;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
  }

  async settled(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await Promise.all([closed, this.settled()]);
  }

  #accept(request: IncomingMessage, response: ServerResponse): void {
    const handled = this.#handle(request, response).catch((error: unknown) => {
      // The target is out of reach, or the proxy is stopping: the client sees what it would see without a proxy.
      response.destroy(error instanceof Error ? error : undefined);
    });
    this.#inFlight.add(handled);
    handled.finally(() => this.#inFlight.delete(handled));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const operation = String(request.headers['x-amz-target'] ?? '').replace(/^.*\./, '');
    const body = JSON.parse((await readAll(request)).toString() || '{}') as JsonBody;
    const faults = this.#chooser.choose({ operation, body });
    const call: ProxiedCall = { operation, body, faults: faults.map((fault) => fault.kind), forwarded: false };
    this.log.push(call);

    await this.#delay(faults, 'before');
    const failure = faults.find((fault) => fault.kind !== 'latency' && fault.kind !== 'clockSkew');
    const sent = { ...(this.#measureCapacity ? { ReturnConsumedCapacity: 'TOTAL' } : {}), ...body };
    switch (failure?.kind) {
      case 'cut':
        response.destroy();
        return;
      case 'throttle':
        return this.#refuse(response, faults, throttled(failure.type));
      case 'conflict':
        return this.#refuse(response, faults, conflicted(call, failure, this.#draw));
      case 'serverError':
        if (failure.when === 'after') await this.#forward(request, sent, call);
        await this.#delay(faults, 'after');
        return this.#refuse(response, faults, internalServerError());
      case 'hang':
        if (failure.when === 'after') await this.#forward(request, sent, call);
        return;
      case 'dropAnswer':
        await this.#forward(request, sent, call);
        response.destroy();
        return;
      case 'unprocessedKeys': {
        const { forwarded, unprocessed } = splitBatch(sent, failure.keys);
        const answer = await this.#forward(request, forwarded, call);
        const merged = { ...(JSON.parse(answer.body.toString()) as JsonBody), UnprocessedKeys: unprocessed };
        await this.#delay(faults, 'after');
        return this.#reply(response, faults, { ...answer, body: Buffer.from(JSON.stringify(merged)) });
      }
      default: {
        const answer = await this.#forward(request, sent, call);
        await this.#delay(faults, 'after');
        return this.#reply(response, faults, answer);
      }
    }
  }

  async #delay(faults: readonly Fault[], when: 'before' | 'after'): Promise<void> {
    for (const fault of faults) {
      if (fault.kind !== 'latency' || (fault.when ?? 'before') !== when) continue;
      const [least, most] = typeof fault.ms === 'number' ? [fault.ms, fault.ms] : fault.ms;
      await sleep(least + (most > least ? this.#draw() * (most - least) : 0), undefined, {
        signal: this.#stopping.signal,
      });
    }
  }

  async #forward(request: IncomingMessage, body: JsonBody, call: ProxiedCall): Promise<Answer> {
    call.forwarded = true;
    const payload = Buffer.from(JSON.stringify(body));
    const { host: _host, connection: _connection, 'accept-encoding': _encoding, ...headers } = request.headers;
    const answer = await new Promise<Answer>((resolve, reject) => {
      const outgoing = openRequest(this.#target, {
        agent: this.#agent,
        method: 'POST',
        headers: { ...headers, 'content-length': payload.length },
      });
      outgoing.on('error', reject);
      outgoing.on('response', (incoming) => {
        const { statusCode: status = 0, headers: answerHeaders } = incoming;
        readAll(incoming).then((read) => resolve({ status, headers: answerHeaders, body: read }), reject);
      });
      outgoing.end(payload);
    });
    noteAnswer(call, answer);
    return answer;
  }

  #refuse(response: ServerResponse, faults: readonly Fault[], { status, body }: ErrorAnswer): void {
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': crypto.randomUUID() };
    this.#reply(response, faults, { status, headers, body: Buffer.from(JSON.stringify(body)) });
  }

  #reply(response: ServerResponse, faults: readonly Fault[], { status, headers, body }: Answer): void {
    // The checksum would contradict a body that was changed, and the other three belong to the target's connection.
    const {
      'x-amz-crc32': _crc,
      connection: _connection,
      'keep-alive': _alive,
      'transfer-encoding': _coding,
      ...kept
    } = headers;
    const sent: OutgoingHttpHeaders = { ...kept, 'content-length': body.length };
    const skewMs = faults.reduce((sum, fault) => sum + (fault.kind === 'clockSkew' ? fault.ms : 0), 0);
    if (skewMs !== 0) sent.date = new Date(Date.now() + skewMs).toUTCString();
    response.writeHead(status, sent).end(body);
  }
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function noteAnswer(call: ProxiedCall, answer: Answer): void {
  call.targetStatus = answer.status;
  const body = JSON.parse(answer.body.toString() || '{}') as JsonBody;
  if (typeof body.__type === 'string') call.targetError = body.__type.replace(/^.*#/, '');
  if (body.ConsumedCapacity === undefined) return;
  // One table's figure for single-item calls, a list of them for batches and transactions.
  const reported = body.ConsumedCapacity as Capacity | readonly Capacity[];
  const capacities = 'CapacityUnits' in reported ? [reported] : reported;
  call.consumedUnits = capacities.reduce((sum, capacity) => sum + capacity.CapacityUnits, 0);
}

/** Taken from `FAULT_SEED` to repeat a run, otherwise made. */
function seedFromEnvironment(): number {
  const given = process.env.FAULT_SEED;
  return given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
}

/** Prints the seed when chance first decides something, so that every drawn run can be repeated with `FAULT_SEED`. */
function announcing(seed: number, draw: () => number): () => number {
  let announced = false;
  return () => {
    if (!announced) process.stderr.write(`fault proxy: FAULT_SEED=${seed}\n`);
    announced = true;
    return draw();
  };
}
