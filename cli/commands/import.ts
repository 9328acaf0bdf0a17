import { type FileHandle, open } from 'node:fs/promises';
import type { Command } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { contextOf } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure, usageFailure } from '../failure.ts';
import { type ImportSummary, importLines } from '../import/importer.ts';
import { maxLineBytes } from '../import/line.ts';
import { readLines } from '../import/line-reader.ts';
import { progressBar } from '../import/progress-bar.ts';
import { RefusedFile } from '../import/refused-file.ts';

interface ImportOptions {
  readonly importId?: string;
  readonly refused?: string;
  readonly concurrency: number;
}

const defaultConcurrency = 16;
const largestConcurrency = 64;

/** `florin import`: opening balances and historical transactions from a file. */
export function importLedger(program: Command): void {
  const command = program
    .command('import <file>')
    .description('import assets, accounts, opening balances and transactions from JSON Lines; run it again to continue')
    .option('--import-id <name>', 'names the import: the same name and line are applied once')
    .option('--refused <file>', 'where refused lines go; by default beside the file, as <file>.refused.jsonl')
    .option(
      '--concurrency <count>',
      'requests at the same time',
      wholeNumber(1, largestConcurrency),
      defaultConcurrency,
    );
  command.action(async (file: string, { importId, concurrency, refused: refusedPath }: ImportOptions) => {
    const { api, output } = contextOf(command);
    await using handle = await openFile(file);
    const bar = progressBar((await handle.stat()).size);
    const refused = new RefusedFile(refusedPath ?? `${file.replace(/\.jsonl$/, '')}.refused.jsonl`);
    let summary: ImportSummary | undefined;
    try {
      const lines = readLines(handle.createReadStream({ autoClose: false }), maxLineBytes);
      const progress = (soFar: ImportSummary, position: number): void => {
        summary = soFar;
        bar.update(soFar, position);
      };
      summary = await importLines(lines, { api, importId, concurrency, refused, progress });
    } catch (error) {
      if (summary) output.remark(`Broken off after ${summaryText(summary)}. Run it again to continue.`);
      throw error;
    } finally {
      bar.stop();
      refused.close();
    }
    await output.one({ value: summary, raw: summary }, (all) => [summaryText(all)]);
    if (summary.refused > 0) {
      throw new Failure(exitCodes.refusedLines, `${summary.refused} lines were refused: ${refused.path} says why.`);
    }
  });
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file);
  } catch (error) {
    throw usageFailure(`${file} cannot be read: ${(error as Error).message}`);
  }
}

function summaryText({ lines, applied, replayed, present, empty, refused }: ImportSummary): string {
  return `${lines} lines: ${applied} applied, ${replayed} applied before, ${present} there already, ${empty} empty, ${refused} refused`;
}
