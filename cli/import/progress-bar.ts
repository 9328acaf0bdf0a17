import { Presets, SingleBar } from 'cli-progress';
import type { ImportSummary } from './importer.ts';

/** Shows how far an import is. */
export interface ProgressBar {
  update(summary: ImportSummary, position: number): void;
  stop(): void;
}

const format = '{percentage}% |{bar}| {lines} lines, {refused} refused, {eta_formatted} left';

/** A bar on a terminal; nothing where nobody watches, since it would fill a log. */
export function progressBar(fileBytes: number, stream: NodeJS.WriteStream = process.stderr): ProgressBar {
  if (!stream.isTTY) return { update() {}, stop() {} };
  const bar = new SingleBar({ format, stream, hideCursor: false }, Presets.shades_classic);
  bar.start(fileBytes, 0, { lines: 0, refused: 0 });
  return {
    update({ lines, refused }, position) {
      bar.update(position, { lines, refused });
    },
    stop() {
      bar.stop();
    },
  };
}
