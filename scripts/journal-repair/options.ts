import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface RepairOptions {
  readonly table: string;
  /** What is younger than this may still be on its way to the journal. */
  readonly olderThanMs: number;
  /** Where an earlier run had got to. */
  readonly resume?: Record<string, string>;
  /** Only say what is missing. */
  readonly isDryRun: boolean;
  /** The queue by which publication is woken. */
  readonly publicationQueue?: string;
}

/** The command line cannot be followed; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const defaultMinutes = 15;
const minuteMs = 60_000;

export const usage = `Usage: npm run repair:journal -- --table <name> [options]

Finds what is in no journal though it should be, and appends it, each thing behind all that must come before it. It may run while
the ledger is in use, be stopped at any time, and be run again: what is in a journal stays as it is.

  --table <name>               the Ledger table's name
  --older-than-minutes <n>     leave out what happened within the last n minutes; ${defaultMinutes} by default
  --resume <token>             go on where an earlier run had got to; it said so
  --dry-run                    say what is missing, and append nothing
  --publication-queue <url>    wake publication for each tenant; without it, what is appended is published with the
                               tenant's next event

Region, credentials and endpoint are the AWS SDK's own: AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL_DYNAMODB …
Exit code 0: nothing is missing any more. 1: something is (dry run). 2: the repair itself failed.`;

/** Reads the command line. @throws UsageError where it cannot be followed */
export function readOptions(args: readonly string[]): RepairOptions {
  const values = parse(args);
  if (values.table === undefined) throw new UsageError('--table is missing');
  const minutes = Number(values['older-than-minutes'] ?? defaultMinutes);
  if (!(minutes >= 0)) throw new UsageError(`--older-than-minutes is 0 or more, not ${values['older-than-minutes']}`);
  const queue = values['publication-queue'];
  return {
    table: values.table,
    olderThanMs: minutes * minuteMs,
    ...(values.resume !== undefined && { resume: keyOf(values.resume) }),
    isDryRun: values['dry-run'] ?? false,
    ...(queue !== undefined && { publicationQueue: queue }),
  };
}

/** A position in the table as a text for the command line. */
export function tokenOf(key: Readonly<Record<string, unknown>>): string {
  return Buffer.from(JSON.stringify([key.PK, key.SK])).toString('base64url');
}

function keyOf(token: string): Record<string, string> {
  try {
    const [PK, SK] = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (typeof PK === 'string' && typeof SK === 'string') return { PK, SK };
  } catch (error) {
    throw new UsageError(`--resume is no token of this command: ${token}`, { cause: error });
  }
  throw new UsageError(`--resume is no token of this command: ${token}`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        table: { type: 'string' },
        'older-than-minutes': { type: 'string' },
        resume: { type: 'string' },
        'dry-run': { type: 'boolean' },
        'publication-queue': { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}
