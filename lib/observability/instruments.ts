import { readEnvironment } from '../config/environment.ts';
import { EmbeddedMetrics } from './embedded-metrics.ts';
import { type LineWriter, logger } from './logger.ts';
import { openTraceDaemon, type TraceDaemon } from './trace-daemon.ts';

/** What a function tells about itself by. */
export interface Instruments {
  readonly logger: LineWriter;
  readonly metrics: EmbeddedMetrics;
  readonly traces: TraceDaemon;
}

/**
 * The instruments of a function, made once an instance, by its environment.
 *
 * @throws EnvironmentError where there is no namespace for metrics: alarms would watch nothing
 */
export function createInstruments(): Instruments {
  const { POWERTOOLS_METRICS_NAMESPACE } = readEnvironment(['POWERTOOLS_METRICS_NAMESPACE']);
  return {
    logger,
    metrics: new EmbeddedMetrics(POWERTOOLS_METRICS_NAMESPACE),
    // Lambda sets it where tracing is active.
    traces: openTraceDaemon(process.env.AWS_XRAY_DAEMON_ADDRESS, logger),
  };
}
