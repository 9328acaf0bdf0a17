import { EmbeddedMetrics, type Instruments, type LineWriter, type Subsegment } from '../../lib/observability/index.ts';

export interface RecordedLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Recorder {
  readonly instruments: Instruments;
  readonly lines: RecordedLine[];
  readonly subsegments: Subsegment[];
  clear(): void;
}

/** Instruments that keep what they are told instead of printing or sending it. */
export function recorder(): Recorder {
  const lines: RecordedLine[] = [];
  const subsegments: Subsegment[] = [];
  const listener = (level: string) => (message: unknown, fields: unknown) => {
    lines.push({ level, message: String(message), fields: fields as RecordedLine['fields'] });
  };
  const logger = { info: listener('info'), warn: listener('warn'), error: listener('error') } as unknown as LineWriter;
  return {
    instruments: {
      logger,
      metrics: new EmbeddedMetrics('Florin/test'),
      traces: { send: (subsegment) => subsegments.push(subsegment) },
    },
    lines,
    subsegments,
    clear() {
      lines.length = 0;
      subsegments.length = 0;
    },
  };
}
