import type { Command } from 'commander';
import { readAs } from '../api/answer.ts';
import { type ClientAnswer, clientAnswer } from '../api/answers.ts';
import { atMost, pagesOf } from '../api/pages.ts';
import { apiPath } from '../api/paths.ts';
import { collectText, readRecordId, wholeNumber } from '../arguments.ts';
import { type Context, contextOf, sendChange } from '../context.ts';
import { usageFailure } from '../failure.ts';
import { type Column, Table } from '../output/table.ts';

interface TermsOptions extends Of {
  readonly role?: readonly string[];
  readonly scope?: readonly string[];
  readonly rate?: string;
  readonly expiresAt?: string;
  readonly key?: string;
}

interface CreateOptions extends TermsOptions {
  readonly subject?: string;
}

interface UpdateOptions extends TermsOptions {
  readonly name?: string;
}

interface Of {
  readonly tenant?: string;
}

const longestOverlapSeconds = 30 * 24 * 3_600;

const keyOption = ['--key <key>', 'the idempotency key: repeats the request that had it'] as const;
const tenantOption = ['--tenant <tenant>', 'another tenant; for credentials that operate the platform'] as const;

const columns: readonly Column<ClientAnswer>[] = [
  { heading: 'CLIENT', cell: ({ id }) => id },
  { heading: 'STATUS', cell: ({ status }) => status },
  { heading: 'NAME', cell: ({ name }) => name },
  { heading: 'MAY', cell: ({ roles, scopes }) => [...roles, ...scopes].join(' ') },
  { heading: 'SUBJECT', cell: ({ subject }) => subject ?? '' },
  { heading: 'KEYS', cell: ({ keys }) => keys.map(({ prefix }) => prefix).join(' ') },
  { heading: 'LAST USED', cell: ({ keys }) => lastOf(keys.map(({ lastUsedAt }) => lastUsedAt)) },
  { heading: 'EXPIRES', cell: ({ expiresAt }) => expiresAt ?? '' },
];

type KeyAnswer = ClientAnswer['keys'][number];

const keyColumns: readonly Column<KeyAnswer>[] = [
  { heading: 'KEY', cell: ({ prefix }) => prefix },
  { heading: 'CREATED', cell: ({ createdAt }) => createdAt },
  { heading: 'LAST USED', cell: ({ lastUsedAt }) => lastUsedAt ?? '' },
  { heading: 'EXPIRES', cell: ({ expiresAt }) => expiresAt ?? '' },
];

/** `florin clients create`, `list`, `show`, `update`, `rotate` and `revoke`. */
export function clients(program: Command): void {
  const group = program.command('clients').description('who may call the API, and with which keys');
  addCreate(group);
  addList(group);
  addShow(group);
  addUpdate(group);
  addRotate(group);
  addRevoke(group);
}

function addCreate(group: Command): void {
  const create = group
    .command('create <name>')
    .description('make an API client; its key is told once')
    .option('--role <role>', 'reader, writer, operator or admin; may be given several times', collectText)
    .option('--scope <scope>', 'a scope beyond those of the roles; may be given several times', collectText)
    .option('--subject <subject>', 'with accounts of this owner it may do what owners may')
    .option('--rate <requests/burst>', 'requests a second, and how many at once after a pause, such as 50/100')
    .option('--expires-at <time>', 'when its keys end, such as 2027-01-01T00:00:00Z')
    .option(...tenantOption)
    .option(...keyOption);
  create.action(async (name: string, { role: roles, scope: scopes, rate, key, ...rest }: CreateOptions) => {
    const context = contextOf(create);
    const body = { name, roles, scopes, rate: rate === undefined ? undefined : readRate(rate), ...rest };
    const answer = await sendChange(context, { method: 'POST', path: '/v1/admin/clients', body, key });
    await showClient(context, answer.body);
  });
}

function addList(group: Command): void {
  const list = group
    .command('list')
    .description('list the API clients, in the order of their ids')
    .option('--limit <count>', 'how many at most; all by default', wholeNumber(1, 999_999_999))
    .option(...tenantOption);
  list.action(async ({ limit, tenant }: Of & { readonly limit?: number }) => {
    const { api, output } = contextOf(list);
    const pages = pagesOf(api, '/v1/admin/clients', { tenant }, clientAnswer);
    await output.list(limit === undefined ? pages : atMost(limit, pages), columns);
  });
}

function addShow(group: Command): void {
  const show = group
    .command('show <id>')
    .description('show an API client')
    .option(...tenantOption);
  show.action(async (id: string, options: Of) => {
    const context = contextOf(show);
    await showClient(context, (await context.api.get(clientPath(id, '', options))).body);
  });
}

function addUpdate(group: Command): void {
  const update = group
    .command('update <id>')
    .description('change what an API client may do; what is not named stays')
    .option('--name <name>', 'another name')
    .option(
      '--role <role>',
      'all its roles from now on; may be given several times; "none" takes them away',
      collectText,
    )
    .option('--scope <scope>', 'all its scopes from now on; may be given several times; "none"', collectText)
    .option('--rate <requests/burst>', 'another rate, such as 50/100; "usual" for that of clients without one')
    .option('--expires-at <time>', 'when its keys end, a time in the past stops them all; "never"')
    .option(...tenantOption)
    .option(...keyOption);
  update.action(async (id: string, options: UpdateOptions) => {
    const context = contextOf(update);
    const { name, role, scope, rate, expiresAt, key } = options;
    const body = {
      name,
      roles: allOrNone(role),
      scopes: allOrNone(scope),
      rate: rate === undefined ? undefined : rate === 'usual' ? null : readRate(rate),
      expiresAt: expiresAt === 'never' ? null : expiresAt,
    };
    if (Object.values(body).every((value) => value === undefined)) throw usageFailure('nothing to change was named');
    const answer = await sendChange(context, { method: 'PATCH', path: clientPath(id, '', options), body, key });
    await showClient(context, answer.body);
  });
}

function allOrNone(names: readonly string[] | undefined): readonly string[] | undefined {
  return names?.length === 1 && names[0] === 'none' ? [] : names;
}

function addRotate(group: Command): void {
  const rotate = group
    .command('rotate <id>')
    .description('give an API client a new key, which is told once; those before go on for a day')
    .option(
      '--overlap <seconds>',
      'how long they go on instead; 0 ends them at once',
      wholeNumber(0, longestOverlapSeconds),
    )
    .option(...tenantOption)
    .option(...keyOption);
  rotate.action(async (id: string, { overlap, key, ...of }: Of & { overlap?: number; key?: string }) => {
    const context = contextOf(rotate);
    const path = clientPath(id, '/rotate-key', of);
    const answer = await sendChange(context, { method: 'POST', path, body: { overlapSeconds: overlap }, key });
    await showClient(context, answer.body);
  });
}

function addRevoke(group: Command): void {
  const revoke = group
    .command('revoke <id>')
    .description('end all keys of an API client, for ever')
    .option('--reason <text>', 'why; it is kept with the client and in the audit log')
    .option(...tenantOption)
    .option(...keyOption);
  revoke.action(async (id: string, { reason, key, ...of }: Of & { reason?: string; key?: string }) => {
    const context = contextOf(revoke);
    const path = clientPath(id, '/revoke', of);
    const answer = await sendChange(context, { method: 'POST', path, body: { reason }, key });
    await showClient(context, answer.body);
  });
}

function clientPath(id: string, rest: string, { tenant }: Of): string {
  const query = tenant === undefined ? '' : apiPath`?tenant=${tenant}`;
  return `${apiPath`/v1/admin/clients/${readRecordId(id)}`}${rest}${query}`;
}

/** A client, below it its keys one by one where there are several, and the key where this very request has made one. */
async function showClient({ output }: Context, body: unknown): Promise<void> {
  const answer = readAs(clientAnswer, body);
  await output.one(answer, function* (client) {
    yield* new Table(columns).lines([client]);
    // Only each key's own times tell whether the ones before a rotation are still used.
    if (client.keys.length > 1) yield* new Table(keyColumns).lines(client.keys);
    if (client.key !== undefined) yield `key ${client.key}`;
  });
  const { key, keyNote } = answer.value;
  if (key !== undefined) output.remark('The key is told this once: keep it.');
  if (keyNote !== undefined) output.remark(keyNote);
}

/** @throws Failure (usage) */
function readRate(text: string): { readonly requestsPerSecond: number; readonly burst: number } {
  const [, requests, burst] = /^([1-9][0-9]{0,8})\/([1-9][0-9]{0,8})$/.exec(text) ?? [];
  if (requests === undefined) throw usageFailure(`${JSON.stringify(text)} is not a rate such as 50/100`);
  return { requestsPerSecond: Number(requests), burst: Number(burst) };
}

/** The latest of times that are all in UTC, and so are in the order of their texts. */
function lastOf(times: readonly (string | undefined)[]): string {
  return (
    times
      .filter((time) => time !== undefined)
      .sort()
      .at(-1) ?? ''
  );
}
