import { deadLetters } from '../../infra/platform-partitions.ts';
import type { NarrowActions } from '../../infra/table-access.ts';
import type { ProxiedCall } from '../support/fault-proxy.ts';
import { actionsOf } from './iam-actions.ts';

/** One action on an item, or on the items, of one partition. */
export interface PartitionUse {
  readonly action: string;
  readonly partitionKey: string;
}

type Text = { readonly S: string };
type Named = { readonly TableName?: string; readonly Key?: { PK: Text }; readonly Item?: { PK: Text } };

/** What a call asks of a table itself, item by item; what it asks of an index is granted on the index. */
export function partitionUsesOf(table: string, { operation, body }: ProxiedCall): PartitionUse[] {
  const request = body as Named & {
    readonly IndexName?: string;
    readonly TransactItems?: readonly Readonly<Record<string, Named>>[];
    readonly RequestItems?: Readonly<Record<string, { readonly Keys: readonly { PK: Text }[] }>>;
    readonly ExpressionAttributeValues?: { readonly ':pk'?: Text };
  };
  const singles = request.TransactItems?.flatMap((item) => Object.entries(item)) ?? [];
  const ofTransaction = singles
    .filter(([, { TableName }]) => TableName === table)
    .map(([kind, item]) => {
      const [action = ''] = actionsOf({ operation, body: { TransactItems: [{ [kind]: item }] } });
      return { action: action.split(' ')[0] as string, partitionKey: (item.Key ?? item.Item)?.PK.S ?? '' };
    });
  const ofBatch = request.RequestItems?.[table]?.Keys.map(({ PK }) => PK.S) ?? [];
  const isOfTable = request.TableName === table && request.IndexName === undefined;
  const single = (request.Key ?? request.Item)?.PK ?? request.ExpressionAttributeValues?.[':pk'];
  const others = [...ofBatch, ...(isOfTable ? [single?.S ?? ''] : [])];
  return [...ofTransaction, ...others.map((partitionKey) => ({ action: `dynamodb:${operation}`, partitionKey }))];
}

/** Whether a partition key is like a pattern, in which `*` stands for any text. */
export function isLike(pattern: string, text: string): boolean {
  const literal = (part: string) => part.replace(/[#.]/g, '\\$&');
  return new RegExp(`^${pattern.split('*').map(literal).join('.*')}$`).test(text);
}

/** `action on pattern`, for each action on each kind of partition that is granted. */
export function narrowGrants(needs: readonly NarrowActions[] = []): string[] {
  return needs.flatMap(({ actions, partitionKeys }) =>
    actions.flatMap((action) => partitionKeys.map((pattern) => `${action} on ${pattern}`)),
  );
}

/** What only a note that comes after its dead letter is for; a test of notes shows it. */
const ofLateNotes = deadLetters.map((pattern) => `dynamodb:UpdateItem on ${pattern}`);

/** The grants that have to show in what a worker asks for while no note comes late. */
export function commonGrants(needs: readonly NarrowActions[] = []): string[] {
  return narrowGrants(needs)
    .filter((grant) => !ofLateNotes.includes(grant))
    .sort();
}

/** The grants that allow what was asked, each once and in order; throws for what none allows. */
export function grantsUsed(uses: Iterable<PartitionUse>, grants: readonly string[]): string[] {
  const used = [...uses].map(({ action, partitionKey }) => {
    const grant = grants.find((each) => {
      const [granted = '', pattern = ''] = each.split(' on ');
      return granted === action && isLike(pattern, partitionKey);
    });
    if (grant === undefined) throw new Error(`nothing allows ${action} on ${partitionKey}`);
    return grant;
  });
  return [...new Set(used)].sort();
}
