import { Presets, SingleBar } from 'cli-progress';
import type { ImportSummary } from './importer.ts';

/** Shows how far an import is. */
export interface ProgressBar {
  update(summary: ImportSummary, position: number): void;
  stop(): void;
}

const format = '{percentage}% |{bar}| {done} lines done, {refused} refused, {duration_formatted}';

/** A bar on a terminal; nothing where nobody watches, since it would fill a log. */
export function progressBar(fileBytes: number, stream: NodeJS.WriteStream = process.stderr): ProgressBar {
  if (!stream.isTTY) return { update() {}, stop() {} };
  const bar = new SingleBar({ format, stream, hideCursor: false }, Presets.shades_classic);
  bar.start(fileBytes, 0, { done: 0, refused: 0 });
  return {
    update({ applied, replayed, present, empty, refused }, position) {
      // Lines that were read and wait for their turn are not done yet.
      bar.update(position, { done: applied + replayed + present + empty + refused, refused });
    },
    stop() {
      bar.stop();
    },
  };
}
