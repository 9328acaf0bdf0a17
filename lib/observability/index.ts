/** Logs, metrics and traces. */
export { EmbeddedMetrics, type Measured } from './embedded-metrics.ts';
export { createInstruments, type Instruments } from './instruments.ts';
export { type InvocationTrace, traceOfInvocation } from './invocation-trace.ts';
export { type LineWriter, logger } from './logger.ts';
export {
  type CountedOutcome,
  type CountedType,
  countedOutcomeOf,
  countedTypeOf,
  failedOutcome,
  postedOutcome,
} from './metric-names.ts';
export { formatTraceparent, parseTraceparent, type TraceContext, xrayTraceId } from './trace-context.ts';
export type { Subsegment, TraceDaemon } from './trace-daemon.ts';
