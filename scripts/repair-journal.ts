import { randomUUID } from 'node:crypto';
import { QueueSender, tenantGroup } from '../lib/sqs/index.ts';
import { readOptions, UsageError, usage } from './journal-repair/options.ts';
import { repairJournals } from './journal-repair/repair.ts';

/** Appends what the journals have forgotten. See docs/reference/journal.md. */
const exitCodes = { whole: 0, missing: 1, failed: 2 } as const;

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(usage);
    return exitCodes.whole;
  }
  const options = readOptions(args);
  const { publicationQueue: queueUrl, isDryRun } = options;
  const queue = queueUrl === undefined ? undefined : new QueueSender({ queueUrl, timeoutMs: 5_000, maxAttempts: 3 });
  const { missing, appended, tenants } = await repairJournals(options, {
    now: Date.now(),
    say: (line) => console.log(line),
    ...(queue && {
      wakePublication: (tenant) =>
        queue.send([{ body: { tenant }, group: tenantGroup(tenant), deduplicationId: randomUUID() }]),
    }),
  });
  const whose = tenants.size > 0 ? ` of ${[...tenants].sort().join(', ')}` : '';
  console.log(isDryRun ? `${missing} events${whose} are missing.` : `${appended} events${whose} were appended.`);
  return isDryRun && missing > 0 ? exitCodes.missing : exitCodes.whole;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = exitCodes.failed;
  if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`);
  else console.error('The repair failed; what it has appended stays, and it can be run again:', error);
}
