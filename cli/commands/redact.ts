import type { Command } from 'commander';
import { type Read, readAs } from '../api/answer.ts';
import { accountAnswer, holdAnswer, transactionAnswer } from '../api/answers.ts';
import { apiPath } from '../api/paths.ts';
import { readAccountId, readRecordId } from '../arguments.ts';
import { type Context, contextOf, sendChange } from '../context.ts';

interface RedactOptions {
  readonly reason: string;
  readonly key?: string;
}

interface RedactAccountOptions extends RedactOptions {
  readonly owner?: true;
}

/** `florin redact transaction`, `hold` and `account`: removes personal data for good. */
export function redact(program: Command): void {
  const group = program.command('redact').description('remove personal data for good; the books verify as before');
  const ofTransaction = add(
    group,
    'transaction <id>',
    'description and metadata of a transaction, or of all of a batch',
  );
  ofTransaction.action(async (id: string, options: RedactOptions) => {
    const context = contextOf(ofTransaction);
    const answer = await send(context, apiPath`/v1/transactions/${readRecordId(id)}`, options);
    await show(context, readAs(transactionAnswer, answer));
  });
  const ofHold = add(group, 'hold <id>', 'description and metadata of a hold');
  ofHold.action(async (id: string, options: RedactOptions) => {
    const context = contextOf(ofHold);
    await show(context, readAs(holdAnswer, await send(context, apiPath`/v1/holds/${readRecordId(id)}`, options)));
  });
  const ofAccount = add(group, 'account <id>', 'metadata of an account, of all its changes too');
  ofAccount.option('--owner', 'its owner too, whose tokens then reach it no more');
  ofAccount.action(async (id: string, options: RedactAccountOptions) => {
    const context = contextOf(ofAccount);
    await show(
      context,
      readAs(accountAnswer, await send(context, apiPath`/v1/accounts/${readAccountId(id)}`, options)),
    );
  });
}

function add(group: Command, usage: string, what: string): Command {
  return group
    .command(usage)
    .description(`remove ${what}`)
    .requiredOption('--reason <text>', 'why, for the audit log, which keeps it for good: nothing of what is removed')
    .option('--key <key>', 'the idempotency key: repeats the request that had it');
}

async function send(context: Context, path: string, { key, ...body }: RedactAccountOptions): Promise<unknown> {
  return (await sendChange(context, { method: 'POST', path: `${path}/redaction`, body, key })).body;
}

function show({ output }: Context, answer: Read<{ readonly id?: string | undefined }>): Promise<void> {
  return output.one(answer, ({ id = '' }) => [`${id} is redacted.`]);
}
