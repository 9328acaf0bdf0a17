import type { Command } from 'commander';
import * as z from 'zod';
import { readAsset } from '../amount.ts';
import { readAs } from '../api/answer.ts';
import { type AssetAnswer, assetAnswer } from '../api/answers.ts';
import { contextOf, sendChange } from '../context.ts';
import { type Column, Table } from '../output/table.ts';

const columns: readonly Column<AssetAnswer>[] = [
  { heading: 'ASSET', cell: ({ code }) => code },
  { heading: 'DECIMALS', cell: ({ scale }) => String(scale), isNumber: true },
  { heading: 'NAME', cell: ({ name }) => name ?? '' },
];

const assetList = z.looseObject({ data: z.array(z.unknown()) });

/** `florin assets list` and `create`. */
export function assets(program: Command): void {
  const group = program.command('assets').description('what can be owned');

  const list = group.command('list').description('list the assets');
  list.action(async () => {
    const { api, output } = contextOf(list);
    const { value } = readAs(assetList, (await api.get('/v1/assets')).body);
    await output.list(onePage(value.data.map((raw) => readAs(assetAnswer, raw))), columns);
  });

  const create = group
    .command('create <code>')
    .description('register an asset; USD/2 counts cents')
    .option('--name <name>', 'its name for people')
    .option('--key <key>', 'the idempotency key: repeats the request that had it');
  create.action(async (code: string, { name, key }: { name?: string; key?: string }) => {
    const context = contextOf(create);
    const body = { code: readAsset(code), name };
    const answer = await sendChange(context, { method: 'POST', path: '/v1/assets', body, key });
    await context.output.one(readAs(assetAnswer, answer.body), (asset) => new Table(columns).lines([asset]));
  });
}

async function* onePage<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  yield items;
}
