import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import * as z from 'zod';

/** What the command line asks for. */
export interface RehearsalOptions {
  /** The table to rehearse the restoration of. */
  readonly table: string;
  /** The instant to restore; the latest restorable one when absent. */
  readonly at?: Date;
  /** Leave the restored table where it is. */
  readonly keep: boolean;
  /** Copy the rows instead of restoring: for a DynamoDB that cannot restore. */
  readonly copy: boolean;
  readonly timeoutMs: number;
}

/** The command line cannot be followed; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const usage = `Usage: node scripts/restore-rehearsal.ts --table <name> [options]

Restores a Ledger table to a new table, audits every row of it, reports, and deletes the new table.

  --table <name>            the table's name; or, with --outputs, the stack output that holds it: <stack>.<output>
  --outputs <file>          the file that "cdk deploy --outputs-file <file>" wrote
  --at <time>               the instant to restore, such as 2026-11-21T10:00:00Z; by default the latest restorable
  --copy                    copy the rows instead of restoring, where DynamoDB cannot restore (most emulators);
                            nothing may write to the table meanwhile
  --keep                    do not delete the new table
  --timeout-minutes <n>     how long to wait for the restoration; 240 by default

Region, credentials and endpoint are the AWS SDK's own: AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL_DYNAMODB …
Exit code 0: restored, and the books are sound. 1: the audit found damage. 2: the rehearsal itself failed.`;

const minuteMs = 60_000;
const defaultTimeoutMinutes = 240;
const outputsFile = z.record(z.string(), z.record(z.string(), z.string()));

/** Reads the command line. @throws UsageError where it cannot be followed */
export async function readOptions(args: readonly string[]): Promise<RehearsalOptions> {
  const values = parse(args);
  if (values.table === undefined) throw new UsageError('--table is missing');
  if (values.copy && values.at !== undefined)
    throw new UsageError('--at and --copy exclude each other: a copy is of now');
  const timeoutMinutes = Number(values['timeout-minutes'] ?? defaultTimeoutMinutes);
  if (!(timeoutMinutes > 0))
    throw new UsageError(`--timeout-minutes must be above 0, not ${values['timeout-minutes']}`);
  const at = values.at === undefined ? undefined : new Date(values.at);
  if (at && Number.isNaN(at.getTime())) throw new UsageError(`--at is no time: ${values.at}`);
  return {
    table: values.outputs === undefined ? values.table : await tableFromOutputs(values.outputs, values.table),
    ...(at && { at }),
    keep: values.keep ?? false,
    copy: values.copy ?? false,
    timeoutMs: timeoutMinutes * minuteMs,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        table: { type: 'string' },
        outputs: { type: 'string' },
        at: { type: 'string' },
        copy: { type: 'boolean' },
        keep: { type: 'boolean' },
        'timeout-minutes': { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

async function tableFromOutputs(file: string, name: string): Promise<string> {
  const outputs = outputsFile.parse(JSON.parse(await readFile(file, 'utf8')));
  const dot = name.indexOf('.');
  const table = outputs[name.slice(0, dot)]?.[name.slice(dot + 1)];
  if (table !== undefined) return table;
  const known = Object.entries(outputs).flatMap(([stack, values]) =>
    Object.keys(values).map((key) => `${stack}.${key}`),
  );
  throw new UsageError(`${file} has no output ${name}; it has ${known.join(', ')}`);
}
