/**
 * Which trace something belongs to, in the two forms it travels in: AWS X-Ray's header and W3C's `traceparent`. Both
 * name a trace by the same 128 bits and a span by the same 64, so that one is the other written differently.
 * Sources: AWS X-Ray Developer Guide, "Tracing header"; W3C Trace Context, level 1, section 3.2.
 */
export interface TraceContext {
  /** 32 lower-case hexadecimal digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits, not all zero: what caused whoever reads this. */
  readonly spanId: string;
  /** Whether the trace is recorded. */
  readonly isSampled: boolean;
}

/** What X-Ray's header says: the parent is missing where no one has recorded anything yet. */
export interface XRayHeader {
  readonly traceId: string;
  readonly parentId?: string;
  readonly isSampled: boolean;
}

/** More than any sender needs: what is longer is not looked at. */
const maxHeaderLength = 512;

const traceparentForm = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const xrayTraceIdForm = /^1-([0-9a-f]{8})-([0-9a-f]{24})$/;
const xrayParentForm = /^[0-9a-f]{16}$/;
const allZero = /^0+$/;
const sampledFlag = 0x01;

/** Reads a `traceparent`; whatever is not exactly one is undefined, never an error. */
export function parseTraceparent(text: string | undefined): TraceContext | undefined {
  if (text === undefined || text.length > maxHeaderLength) return undefined;
  const [, version, traceId, spanId, flags, rest] = traceparentForm.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  // Version 00 ends with its flags; later ones may add to it; ff is none.
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (allZero.test(traceId) || allZero.test(spanId)) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & sampledFlag) !== 0 };
}

/** Writes a `traceparent` of version 00. */
export function formatTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}

/**
 * Reads X-Ray's header (`Root=…;Parent=…;Sampled=…`, in any order, with names of others between them); whatever names
 * no trace, or one thing twice, is undefined, never an error. A sampling decision that is still open counts as none.
 */
export function parseXRayHeader(text: string | undefined): XRayHeader | undefined {
  if (text === undefined || text.length > maxHeaderLength) return undefined;
  const fields = new Map<string, string>();
  for (const part of text.split(';')) {
    const equals = part.indexOf('=');
    if (equals < 0) continue;
    const name = part.slice(0, equals).trim();
    if (fields.has(name)) return undefined;
    fields.set(name, part.slice(equals + 1).trim());
  }
  const traceId = parseXRayTraceId(fields.get('Root'));
  if (traceId === undefined) return undefined;
  const parentId = fields.get('Parent');
  const isSampled = fields.get('Sampled') === '1';
  if (parentId === undefined) return { traceId, isSampled };
  return xrayParentForm.test(parentId) && !allZero.test(parentId) ? { traceId, parentId, isSampled } : undefined;
}

/** Writes X-Ray's header. */
export function formatXRayHeader({ traceId, spanId, isSampled }: TraceContext): string {
  return `Root=${xrayTraceId(traceId)};Parent=${spanId};Sampled=${isSampled ? '1' : '0'}`;
}

/** A trace id as X-Ray writes it: `1-`, 8 digits, `-`, 24 digits. */
export function xrayTraceId(traceId: string): string {
  return `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`;
}

function parseXRayTraceId(text: string | undefined): string | undefined {
  const [, time, random] = xrayTraceIdForm.exec(text ?? '') ?? [];
  if (time === undefined || random === undefined) return undefined;
  const traceId = time + random;
  return allZero.test(traceId) ? undefined : traceId;
}
