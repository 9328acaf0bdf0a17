import { createSocket } from 'node:dgram';
import type { InvocationTrace } from './invocation-trace.ts';
import type { LineWriter } from './logger.ts';
import { xrayTraceId } from './trace-context.ts';

/** What an invocation tells X-Ray about itself, as a subsegment of the function's segment. */
export interface Subsegment {
  readonly trace: InvocationTrace;
  /** The operation. */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** The HTTP status answered. */
  readonly status: number;
  /** What traces are found by: names of letters, digits and underscores. */
  readonly annotations: Readonly<Record<string, string | undefined>>;
}

/** Takes subsegments; never waits, never throws. */
export interface TraceDaemon {
  send(subsegment: Subsegment): void;
}

/** The line before a document, by which the daemon knows its format. Source: X-Ray Developer Guide, "Sending trace data". */
const documentHeader = '{"format": "json", "version": 1}\n';

/** Where nothing is recorded: off Lambda, and where tracing is switched off. */
export const noTraceDaemon: TraceDaemon = { send: () => {} };

/**
 * The X-Ray daemon beside the function, at the address in `AWS_XRAY_DAEMON_ADDRESS` (`host:port`, or the form with
 * `udp:host:port` in it). A datagram a sampled invocation, from one socket an instance; what gets lost is lost, and
 * just the first failure is logged: a trace is a convenience, and a request must never wait for it.
 */
export function openTraceDaemon(address: string | undefined, logger: Pick<LineWriter, 'warn'>): TraceDaemon {
  if (address === undefined) return noTraceDaemon;
  const target = parseDaemonAddress(address);
  if (!target) {
    logger.warn('AWS_XRAY_DAEMON_ADDRESS is malformed: no traces are sent');
    return noTraceDaemon;
  }
  const socket = createSocket('udp4').unref();
  let hasFailed = false;
  const onFailure = (error: Error | null) => {
    if (!error || hasFailed) return;
    hasFailed = true;
    logger.warn('a trace could not be sent; further failures are not logged', { error });
  };
  socket.on('error', onFailure);
  // Bound while the instance starts, so that a datagram leaves before the instance is frozen after its answer.
  socket.bind();
  return {
    send(subsegment) {
      const document = documentOf(subsegment);
      if (!document) return;
      try {
        socket.send(documentHeader + JSON.stringify(document), target.port, target.host, onFailure);
      } catch (error) {
        onFailure(error as Error);
      }
    },
  };
}

/** Reads `host:port`, or the `udp:` part of `tcp:host:port udp:host:port`. */
export function parseDaemonAddress(text: string): { host: string; port: number } | undefined {
  const parts = text.split(' ');
  const udp = parts.find((part) => part.startsWith('udp:'))?.slice('udp:'.length) ?? (parts.length === 1 ? text : '');
  const [, host, port] = /^([^:\s]+):([0-9]{1,5})$/.exec(udp) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined;
  return { host, port: Number(port) };
}

/** The document of a subsegment sent by itself; undefined where its trace is not recorded. Source: "Segment documents". */
function documentOf({ trace, name, startedAt, endedAt, status, annotations }: Subsegment): object | undefined {
  const { context, parentId, causedBy } = trace;
  if (!context.isSampled || parentId === undefined) return undefined;
  return {
    type: 'subsegment',
    name,
    id: context.spanId,
    trace_id: xrayTraceId(context.traceId),
    parent_id: parentId,
    start_time: startedAt / 1_000,
    end_time: endedAt / 1_000,
    ...(status >= 500 && { fault: true }),
    ...(status >= 400 && status < 500 && { error: true }),
    ...(status === 429 && { throttle: true }),
    annotations: { ...annotations, causedBy },
  };
}
