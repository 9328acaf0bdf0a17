import { formatTraceparent, parseTraceparent } from '../../observability/trace-context.ts';

/** What made a transaction come about: kept with its record, so that whoever acts on it later can be linked to the request. */
export interface Cause {
  /** As the request carried it: 1 to 128 visible ASCII characters. */
  readonly correlationId?: string;
  /** The trace and span of the request, as W3C writes them. Source: W3C Trace Context, level 1, section 3.2. */
  readonly traceparent?: string;
}

/**
 * The first byte says what follows: a trace (16 bytes of trace id, 8 of span id) and a correlation id (16 bytes where
 * it is a UUID, as those we make are, else its characters). 41 bytes for both, where their texts would take 91.
 */
const layout = { trace: 0x01, sampled: 0x02, uuid: 0x04, text: 0x08 } as const;

const traceIdBytes = 16;
const spanIdBytes = 8;
const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const textForm = /^[\x21-\x7e]{1,128}$/;

/** A cause as an item keeps it: what is not in its form is left out. Undefined where nothing is left to keep. */
export function causeBytes({ correlationId = '', traceparent }: Cause): Uint8Array | undefined {
  const trace = parseTraceparent(traceparent);
  const isUuid = uuidForm.test(correlationId);
  const text = !isUuid && textForm.test(correlationId) ? correlationId : '';
  const first =
    (trace ? layout.trace : 0) |
    (trace?.isSampled ? layout.sampled : 0) |
    (isUuid ? layout.uuid : 0) |
    (text ? layout.text : 0);
  if (first === 0) return undefined;
  return Buffer.concat([
    Buffer.of(first),
    Buffer.from(trace ? trace.traceId + trace.spanId : '', 'hex'),
    isUuid ? Buffer.from(correlationId.replaceAll('-', ''), 'hex') : Buffer.from(text, 'ascii'),
  ]);
}

/**
 * Reads a cause back. No money hangs on it, so what is not exactly as we write it (damaged, or of a later layout) is
 * taken for no cause, rather than for damage of the record.
 */
export function parseCause(bytes: Uint8Array): Cause | undefined {
  const buffer = Buffer.from(bytes);
  const first = buffer[0] ?? 0;
  const traceEnd = 1 + (first & layout.trace ? traceIdBytes + spanIdBytes : 0);
  const rest = buffer.subarray(traceEnd);
  const cause: Cause = {
    ...(first & layout.uuid && { correlationId: uuidText(rest) }),
    ...(first & layout.text && { correlationId: rest.toString('latin1') }),
    ...(first & layout.trace && {
      traceparent: formatTraceparent({
        traceId: buffer.toString('hex', 1, 1 + traceIdBytes),
        spanId: buffer.toString('hex', 1 + traceIdBytes, traceEnd),
        isSampled: (first & layout.sampled) !== 0,
      }),
    }),
  };
  const written = causeBytes(cause);
  return written && buffer.equals(written) ? cause : undefined;
}

function uuidText(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
