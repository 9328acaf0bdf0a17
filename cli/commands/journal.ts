import type { Command } from 'commander';
import type { ApiClient } from '../api/client.ts';
import { wholeNumber } from '../arguments.ts';
import { contextOf } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure, usageFailure } from '../failure.ts';
import {
  JournalCheck,
  type JournalFinding,
  type JournalPlace,
  journalBeginning,
  journalDamageKinds,
} from '../journal/journal-check.ts';
import { readBlock, walkJournal } from '../journal/journal-walk.ts';
import { printable } from '../output/table.ts';

interface VerifyOptions {
  readonly from: number;
  readonly tenant: string;
}

interface Summary {
  readonly blocks: number;
  readonly events: number;
  readonly findings: number;
  /** The last block with its hash: whoever keeps it elsewhere can tell later whether this part is still the same. */
  readonly lastBlock: string;
  readonly lastHash: string;
}

const mostBlocks = 999_999_999;

/** `florin journal verify`: recomputes the journal from outside. */
export function journal(program: Command): void {
  const group = program.command('journal').description('the journal of everything that happened');
  const command = group
    .command('verify')
    .description('check every block and event: numbers, hashes, and the order of each balance, hold and account')
    .option(
      '--from <block>',
      'the block to begin with; the one before it is taken as it is',
      wholeNumber(1, mostBlocks),
      1,
    )
    .option('--tenant <tenant>', 'the tenant, which is a part of what is hashed', 'default');
  command.action(async ({ from, tenant }: VerifyOptions) => {
    const { api, output } = contextOf(command);
    const check = new JournalCheck(tenant, await placeBefore(api, BigInt(from)));
    let blocks = 0;
    let events = 0;
    let findings = 0;
    let mismatches = 0;
    for await (const { block, events: shown } of walkJournal(api, BigInt(from))) {
      blocks += 1;
      events += block.events.length;
      for (const finding of check.add(block, shown)) {
        findings += 1;
        if (finding.kind === 'block_hash_mismatch') mismatches += 1;
        await output.line(output.isJson ? JSON.stringify(finding) : findingText(finding));
      }
    }
    const { number, hash } = check.place;
    const summary: Summary = { blocks, events, findings, lastBlock: String(number), lastHash: hash };
    await output.one({ value: summary, raw: summary }, summaryLines);
    if (mismatches > 0 && mismatches === blocks) {
      output.remark(`No block has the hash it should have. Is ${tenant} the right --tenant?`);
    }
    if (findings > 0) throw new Failure(exitCodes.damaged, `The journal is damaged: ${findings} findings.`);
  });
}

/** Where the journal stands before a block. @throws Failure (usage) where there is no block before it */
async function placeBefore(api: ApiClient, from: bigint): Promise<JournalPlace> {
  if (from === 1n) return journalBeginning;
  const before = await readBlock(api, from - 1n);
  if (!before) throw usageFailure(`there is no block ${from - 1n} to begin behind`);
  const nextSequence = BigInt(before.firstSequence) + BigInt(before.events.length);
  return { number: from - 1n, nextSequence, hash: before.hash };
}

function findingText({ kind, block, sequence, subject, expected, found }: JournalFinding): string {
  const place = [`block ${block}`, sequence && `event ${sequence}`, subject].filter(Boolean).join(', ');
  return printable(`${kind}: ${place}: ${journalDamageKinds[kind]} (expected ${expected}, found ${found})`);
}

function* summaryLines({ blocks, events, findings, lastBlock, lastHash }: Summary): Iterable<string> {
  yield `${blocks} blocks, ${events} events: ${findings === 0 ? 'all in order' : `${findings} findings`}`;
  yield `block ${lastBlock} has the hash ${lastHash}`;
}
