import * as z from 'zod';

const operation = z.object({
  id: z.string(),
  title: z.string(),
  /** Whether it may write: which of the assumed durations applies. */
  kind: z.enum(['write', 'read']),
  /** The calls to DynamoDB, in order, as one text: the file then has the form that the formatter gives it. */
  calls: z.string(),
  writeUnits: z.number(),
  readUnits: z.number(),
  logLines: z.number(),
  logBytes: z.number(),
  answerBytes: z.number(),
  queueRequests: z.number(),
});

const background = z.object({
  id: z.string(),
  title: z.string(),
  /** How many transactions or events the one batch had: what it takes is theirs together. */
  count: z.int().positive(),
  calls: z.string(),
  writeUnits: z.number(),
  readUnits: z.number(),
  logLines: z.number(),
  logBytes: z.number(),
  /** Requests to queues: of the worker, and of Lambda for the batch. */
  queueRequests: z.number(),
  publishRequests: z.number(),
});

/** What one request of each kind, and one batch of each kind of work in the background, were seen to take. */
export const measuredForm = z.object({
  operations: z.array(operation),
  background: z.array(background),
  /** What a plain transfer leaves in the table for ever, by DynamoDB's rules for the size of items, in bytes. */
  transferStorage: z.object({ recordBytes: z.number(), entryBytes: z.number(), items: z.number() }),
});

export type MeasuredOperation = z.output<typeof operation>;
export type MeasuredBackground = z.output<typeof background>;
export type Measured = z.output<typeof measuredForm>;

/** How far bytes may be from the ones on the page: times and ids in a line differ from run to run. */
const byteTolerance = 0.05;

type Comparable = { readonly id: string; readonly logBytes: number; readonly answerBytes?: number };

/** What differs between two measurements beyond what differs from run to run; nothing when the page is current. */
export function differencesOf(page: Measured, now: Measured): string[] {
  const differences: string[] = [];
  const compareBytes = (name: string, before: number, after: number) => {
    if (Math.abs(after - before) > before * byteTolerance) differences.push(`${name}: ${before}, now ${after}`);
  };
  const exact = ({ logBytes: _, answerBytes: __, ...rest }: Comparable) => JSON.stringify(rest);
  const known = new Map<string, Comparable>([...page.operations, ...page.background].map((each) => [each.id, each]));
  for (const after of [...now.operations, ...now.background] as Comparable[]) {
    const before = known.get(after.id);
    known.delete(after.id);
    if (!before) differences.push(`${after.id}: not on the page`);
    else {
      if (exact(before) !== exact(after)) differences.push(`${after.id}: ${exact(before)}, now ${exact(after)}`);
      compareBytes(`${after.id} log bytes`, before.logBytes, after.logBytes);
      compareBytes(`${after.id} answer bytes`, before.answerBytes ?? 0, after.answerBytes ?? 0);
    }
  }
  for (const id of known.keys()) differences.push(`${id}: on the page, and no longer measured`);
  compareBytes('bytes of a record', page.transferStorage.recordBytes, now.transferStorage.recordBytes);
  compareBytes('bytes of an entry', page.transferStorage.entryBytes, now.transferStorage.entryBytes);
  return differences;
}
