import type { Command } from 'commander';
import { collectText, wholeNumber } from '../arguments.ts';
import { accountIds } from '../audit/account-ids.ts';
import { Auditor, type AuditSummary, settledAfterMs } from '../audit/auditor.ts';
import { damageKinds, type Finding } from '../audit/finding.ts';
import { contextOf } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure, usageFailure } from '../failure.ts';
import { printable } from '../output/table.ts';

interface AuditOptions {
  readonly account?: readonly string[];
  readonly tenant: string;
  readonly at?: string;
  readonly concurrency: number;
}

const defaultConcurrency = 4;
const largestConcurrency = 32;

/** `florin audit`: recomputes every history from outside. */
export function audit(program: Command): void {
  const command = program
    .command('audit')
    .description('check every history: sequences, sums, hashes, balances, and that each asset sums to zero')
    .option('--account <id>', 'this account only; may be given several times, and leaves out the sums', collectText)
    .option('--tenant <tenant>', 'the tenant, which is a part of what is hashed', 'default')
    .option(
      '--at <time>',
      'the sums are taken as of this instant; by default ten seconds ago, when everything has arrived',
    )
    .option(
      '--concurrency <count>',
      'accounts at the same time',
      wholeNumber(1, largestConcurrency),
      defaultConcurrency,
    );
  command.action(async ({ account, tenant, at, concurrency }: AuditOptions) => {
    const { api, output } = contextOf(command);
    const cutAt =
      at === undefined ? await settledInstant(() => api.get('/v1/accounts', { limit: '1' })) : instantOf(at);
    const report = (finding: Finding): Promise<void> =>
      output.line(output.isJson ? JSON.stringify(finding) : findingText(finding));
    const auditor = new Auditor({ api, tenant, cutAt, concurrency, report });
    await auditor.audit(accountIds(api, account));
    if (!account) await auditor.auditSums();
    const { summary } = auditor;
    await output.one({ value: summary, raw: summary }, summaryLines);
    if (auditor.isTenantInDoubt)
      output.remark(`No entry has the hash it should have. Is ${tenant} the right --tenant?`);
    if (summary.findings > 0)
      throw new Failure(exitCodes.damaged, `The ledger is damaged: ${summary.findings} findings.`);
  });
}

/** By the service's clock, since this machine's may be wrong; the service tells whole seconds, rounded down. */
async function settledInstant(ask: () => Promise<{ readonly serverTime: number | undefined }>): Promise<number> {
  const { serverTime } = await ask();
  if (serverTime === undefined) {
    throw new Failure(
      exitCodes.unexpected,
      'The service does not tell its time (Date). Give the instant of the sums with --at.',
    );
  }
  return serverTime - settledAfterMs;
}

function instantOf(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw usageFailure(`${JSON.stringify(text)} is not a time such as 2026-11-21T10:00:00Z`);
  return time;
}

function findingText({ kind, asset, account, shard, sequence, expected, found }: Finding): string {
  const place = [account, asset, shard && `shard ${shard}`, sequence && `entry ${sequence}`].filter(Boolean).join(' ');
  return printable(`${kind}: ${place}: ${damageKinds[kind]} (expected ${expected}, found ${found})`);
}

function* summaryLines({ accounts, balances, entries, unsettled, findings }: AuditSummary): Iterable<string> {
  yield `${accounts} accounts, ${balances} balances, ${entries} entries: ${findings === 0 ? 'all in order' : `${findings} findings`}`;
  if (unsettled > 0)
    yield `${unsettled} balances over several shards never stood still, and were not compared with their entries`;
}
