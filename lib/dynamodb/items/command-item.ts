import * as z from 'zod';
import {
  type LineCommand,
  type PostTransaction,
  type RecordId,
  roundings,
  type TenantId,
  transactionIdOf,
} from '../../ledger/index.ts';
import { accountId, amount, assetCode, hash, hashBytes, metadata, type Row, transactionId } from './items.ts';
import { holdId } from './record-fields.ts';

const posting = z.object({ source: accountId, destination: accountId, asset: assetCode, amount });
const exchange = z.object({ sell: assetCode, buy: assetCode, rate: z.string(), rounding: z.enum(roundings) });
const details = { description: z.string().optional(), metadata: metadata.optional() };
const movement = { postings: z.array(posting).min(1), exchange: exchange.optional(), ...details };
const recordId = z.string().transform((text) => text as RecordId);

const storedCommand = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('transaction'), ...movement }),
  z.object({
    kind: z.literal('captureHold'),
    holdId,
    destination: accountId,
    amount: amount.optional(),
    isFinal: z.boolean(),
    ...details,
  }),
  z.object({
    kind: z.literal('reversal'),
    reverses: transactionId,
    amount: amount.optional(),
    mayOverdraw: z.boolean(),
    ...details,
  }),
  z.object({
    kind: z.literal('batch'),
    members: z.array(z.object({ record: recordId, requestHash: hash, type: z.string(), ...movement })).min(1),
  }),
]);

/** What a command has in common with the record it lies in. */
export interface CommandHead {
  readonly tenant: TenantId;
  readonly record: RecordId;
  readonly type: string;
  readonly requestHash: string;
}

/** A command that waits, as its record keeps it: without what the record itself says. */
export function commandRow(command: LineCommand): Row {
  if (command.kind === 'batch') {
    const members = command.members.map(({ record, requestHash, type, ...content }) => ({
      record,
      requestHash: hashBytes(requestHash),
      type,
      ...movementOf(content),
    }));
    return { kind: 'batch', members };
  }
  const { tenant: _, record: __, id: ___, type: ____, requestHash: _____, ...content } = command;
  return content;
}

function movementOf({ postings, exchange: held, description, metadata: named }: Partial<PostTransaction>): Row {
  return {
    postings,
    ...(held && { exchange: held }),
    ...(description !== undefined && { description }),
    ...(named && { metadata: named }),
  };
}

/** Reads a command that waits; undefined where it is damaged: then it is for its turn in the line to fail. */
export function parseCommand(row: unknown, head: CommandHead): LineCommand | undefined {
  const parsed = storedCommand.safeParse(row);
  if (!parsed.success) return undefined;
  const common = { ...head, id: transactionIdOf(head.record) };
  if (parsed.data.kind !== 'batch') return { ...common, ...parsed.data } as LineCommand;
  const members = parsed.data.members.map((member) => ({
    kind: 'transaction' as const,
    tenant: head.tenant,
    id: transactionIdOf(member.record),
    ...member,
  }));
  return { ...common, kind: 'batch', members: members as readonly PostTransaction[] };
}
