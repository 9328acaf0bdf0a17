import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { readOptions, UsageError, usage } from './rehearsal/options.ts';
import { rehearse } from './rehearsal/rehearse.ts';
import { reportOf } from './rehearsal/report.ts';
import { CannotRestore } from './rehearsal/restore-table.ts';

/** Rehearses the restoration of a Ledger table. See docs/backup-and-restore.md. */
const exitCodes = { sound: 0, damaged: 1, failed: 2 } as const;

/** A fresh table throttles a fast scan until it has grown. */
const maxAttempts = 10;

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(usage);
    return exitCodes.sound;
  }
  const options = await readOptions(args);
  const client = new DynamoDBClient({ maxAttempts });
  try {
    const rehearsal = await rehearse(client, options, (line) => console.log(line));
    console.log(reportOf(rehearsal));
    return rehearsal.audit.findings.length === 0 ? exitCodes.sound : exitCodes.damaged;
  } finally {
    client.destroy();
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = exitCodes.failed;
  if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`);
  else if (error instanceof CannotRestore) {
    console.error(`Cannot restore: ${error.message}. Rehearse what is possible with --copy.`);
  } else console.error('The rehearsal failed:', error);
}
