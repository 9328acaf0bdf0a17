import { formatTraceparent, parseTraceparent } from '../observability/trace-context.ts';

/** What made a transaction come about: kept with its record, so that whoever acts on it later can be linked to the request. */
export interface Cause {
  /** As the request carried it: 1 to 128 visible ASCII characters. */
  readonly correlationId?: string;
  /** The trace and span of the request, as W3C writes them. Source: W3C Trace Context, level 1, section 3.2. */
  readonly traceparent?: string;
}

/**
 * The first byte says what follows: a trace (16 bytes of trace id, 8 of span id) and a correlation id (16 bytes where
 * it is a UUID, as those we make are, else its characters). 42 bytes for both, where their texts would take 91.
 */
const layout = { trace: 0x01, sampled: 0x02, uuid: 0x04, text: 0x08 } as const;
const knownLayout = layout.trace | layout.sampled | layout.uuid | layout.text;

const traceIdBytes = 16;
const spanIdBytes = 8;
const uuidBytes = 16;
const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const textForm = /^[\x21-\x7e]{1,128}$/;

/** A cause as an item keeps it; undefined where there is nothing to keep. */
export function causeBytes({ correlationId, traceparent }: Cause): Uint8Array | undefined {
  const trace = parseTraceparent(traceparent);
  if (!trace && correlationId === undefined) return undefined;
  const isUuid = correlationId !== undefined && uuidForm.test(correlationId);
  const first =
    (trace ? layout.trace : 0) |
    (trace?.isSampled ? layout.sampled : 0) |
    (isUuid ? layout.uuid : correlationId !== undefined ? layout.text : 0);
  return Buffer.concat([
    Buffer.of(first),
    Buffer.from(trace ? trace.traceId + trace.spanId : '', 'hex'),
    isUuid ? Buffer.from(correlationId.replaceAll('-', ''), 'hex') : Buffer.from(correlationId ?? '', 'ascii'),
  ]);
}

/**
 * Reads a cause back. No money hangs on it, so one that is damaged, or of a later layout, is taken for none rather
 * than for damage of the record.
 */
export function parseCause(bytes: Uint8Array): Cause | undefined {
  const buffer = Buffer.from(bytes);
  const first = buffer[0] ?? 0;
  if (first === 0 || (first & ~knownLayout) !== 0) return undefined;
  const traceEnd = 1 + (first & layout.trace ? traceIdBytes + spanIdBytes : 0);
  const rest = buffer.subarray(traceEnd);
  const correlationId = correlationIdOf(first, rest);
  const hasCorrelationId = (first & (layout.uuid | layout.text)) !== 0;
  if (buffer.length < traceEnd || hasCorrelationId !== (correlationId !== undefined)) return undefined;
  if (!(first & layout.trace)) return correlationId === undefined ? undefined : { correlationId };
  const traceparent = formatTraceparent({
    traceId: buffer.toString('hex', 1, 1 + traceIdBytes),
    spanId: buffer.toString('hex', 1 + traceIdBytes, traceEnd),
    isSampled: (first & layout.sampled) !== 0,
  });
  if (!parseTraceparent(traceparent)) return undefined;
  return { ...(correlationId !== undefined && { correlationId }), traceparent };
}

function correlationIdOf(first: number, bytes: Buffer): string | undefined {
  if (first & layout.uuid) {
    if (bytes.length !== uuidBytes) return undefined;
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
  const text = bytes.toString('latin1');
  return first & layout.text && textForm.test(text) ? text : undefined;
}
