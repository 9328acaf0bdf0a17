import type { Command } from 'commander';
import { atMost, largestPage, pagesOf } from '../api/pages.ts';
import { wholeNumber } from '../arguments.ts';
import {
  AuditLogCheck,
  type AuditLogFinding,
  type AuditRecordAnswer,
  auditLogDamageKinds,
  auditRecordAnswer,
  type Head,
} from '../audit-log/audit-log-check.ts';
import { contextOf } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure, usageFailure } from '../failure.ts';
import { type Column, printable } from '../output/table.ts';

const path = '/v1/admin/audit-log';

/** Records of one part of an export. */
const partSize = '500';

interface Period {
  readonly from?: string;
  readonly to?: string;
}

interface ListOptions extends Period {
  readonly action?: string;
  readonly client?: string;
  readonly target?: string;
  readonly limit: number;
}

interface VerifyOptions {
  readonly tenant: string;
  readonly head?: string;
}

interface Summary {
  readonly records: number;
  readonly findings: number;
  /** Whoever keeps these elsewhere can tell later whether the log up to there is still the same. */
  readonly lastNumber: string;
  readonly lastHash: string;
}

const columns: readonly Column<AuditRecordAnswer>[] = [
  { heading: 'NUMBER', cell: ({ number }) => number, isNumber: true },
  { heading: 'AT', cell: ({ at }) => at },
  { heading: 'ACTION', cell: ({ action }) => action },
  { heading: 'TARGET', cell: ({ target }) => target },
  { heading: 'CLIENT', cell: ({ actor }) => actor.client },
  { heading: 'SUBJECT', cell: ({ actor }) => actor.subject ?? '' },
];

/** `florin audit-log`: who did what, as it was recorded. The books are another thing: `florin audit`. */
export function auditLog(program: Command): void {
  const group = program.command('audit-log').description('the record of who did what (the books: florin audit)');
  addList(group);
  addExport(group);
  addVerify(group);
}

function addList(group: Command): void {
  const command = group
    .command('list')
    .description('show what was done, newest first')
    .option('--action <action>', 'only this action, such as account.updated')
    .option('--client <client>', 'only what this client did')
    .option('--target <id>', 'only what was done to this')
    .option('--from <time>', 'at or after this instant, such as 2026-11-21T10:00:00Z')
    .option('--to <time>', 'at or before this instant')
    .option('--limit <count>', 'how many at most', wholeNumber(1, 999_999_999), 20);
  command.action(async ({ limit, ...query }: ListOptions) => {
    const { api, output } = contextOf(command);
    const pages = pagesOf(api, path, { ...query }, auditRecordAnswer, Math.min(limit, largestPage));
    await output.list(atMost(limit, pages), columns);
  });
}

function addExport(group: Command): void {
  const command = group
    .command('export')
    .description('write the log as JSON Lines, oldest first; that it was exported is recorded')
    .option('--from <time>', 'at or after this instant, such as 2026-11-21T10:00:00Z')
    .option('--to <time>', 'at or before this instant');
  command.action(async ({ from, to }: Period) => {
    const { api, output } = contextOf(command);
    let cursor: string | undefined;
    do {
      const part = await api.getText(`${path}/export`, { from, to, limit: partSize, cursor });
      await output.text(part.text);
      cursor = part.nextCursor;
    } while (cursor !== undefined);
  });
}

function addVerify(group: Command): void {
  const command = group
    .command('verify')
    .description('check every record: numbers, links and hashes, with what the API shows and nothing else')
    .option('--tenant <tenant>', 'the tenant, which is a part of what is hashed', 'default')
    .option('--head <number:hash>', 'a record that was kept elsewhere: shows also whether the end was cut off since');
  command.action(async ({ tenant, head }: VerifyOptions) => {
    const { api, output } = contextOf(command);
    const check = new AuditLogCheck(tenant, head === undefined ? undefined : readHead(head));
    let findings = 0;
    let mismatches = 0;
    const report = async (found: Iterable<AuditLogFinding>): Promise<void> => {
      for (const finding of found) {
        findings += 1;
        if (finding.kind === 'hash_mismatch') mismatches += 1;
        await output.line(output.isJson ? JSON.stringify(finding) : findingText(finding));
      }
    };
    for await (const page of pagesOf(api, path, {}, auditRecordAnswer)) {
      for (const { value } of page) await report(check.add(value));
    }
    await report(check.end());
    const { number = 0n, hash = '' } = check.newest ?? {};
    const summary: Summary = { records: check.records, findings, lastNumber: String(number), lastHash: hash };
    await output.one({ value: summary, raw: summary }, summaryLines);
    if (mismatches > 0 && mismatches >= check.records) {
      output.remark(`No record has the hash it should have. Is ${tenant} the right --tenant?`);
    }
    if (findings > 0) throw new Failure(exitCodes.damaged, `The audit log is damaged: ${findings} findings.`);
  });
}

/** @throws Failure (usage) */
function readHead(text: string): Head {
  const [, number, hash] = /^([1-9][0-9]{0,11}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (number === undefined || hash === undefined) {
    throw usageFailure(`${JSON.stringify(text)} is not the number of a record, a colon and its hash`);
  }
  return { number: BigInt(number), hash };
}

function findingText({ kind, number, expected, found }: AuditLogFinding): string {
  return printable(`${kind}: record ${number}: ${auditLogDamageKinds[kind]} (expected ${expected}, found ${found})`);
}

function* summaryLines({ records, findings, lastNumber, lastHash }: Summary): Iterable<string> {
  yield `${records} records: ${findings === 0 ? 'all in order' : `${findings} findings`}`;
  if (lastHash !== '') yield `head ${lastNumber}:${lastHash}`;
}
