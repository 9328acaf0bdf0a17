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
});

/** What one request of each kind was seen to take. */
export const measuredForm = z.object({
  operations: z.array(operation),
  /** What a plain transfer leaves in the table for ever, by DynamoDB's rules for the size of items, in bytes. */
  transferStorage: z.object({ recordBytes: z.number(), entryBytes: z.number(), items: z.number() }),
});

export type MeasuredOperation = z.output<typeof operation>;
export type Measured = z.output<typeof measuredForm>;

/** How far bytes may be from the ones on the page: times and ids in a line differ from run to run. */
const byteTolerance = 0.05;

/** What differs between two measurements beyond what differs from run to run; nothing when the page is current. */
export function differencesOf(page: Measured, now: Measured): string[] {
  const differences: string[] = [];
  const compareBytes = (name: string, before: number, after: number) => {
    if (Math.abs(after - before) > before * byteTolerance) differences.push(`${name}: ${before}, now ${after}`);
  };
  const exact = ({ logBytes: _, answerBytes: __, ...rest }: MeasuredOperation) => JSON.stringify(rest);
  const known = new Map(page.operations.map((each) => [each.id, each]));
  for (const after of now.operations) {
    const before = known.get(after.id);
    known.delete(after.id);
    if (!before) differences.push(`${after.id}: not on the page`);
    else {
      if (exact(before) !== exact(after)) differences.push(`${after.id}: ${exact(before)}, now ${exact(after)}`);
      compareBytes(`${after.id} log bytes`, before.logBytes, after.logBytes);
      compareBytes(`${after.id} answer bytes`, before.answerBytes, after.answerBytes);
    }
  }
  for (const id of known.keys()) differences.push(`${id}: on the page, and no longer measured`);
  compareBytes('bytes of a record', page.transferStorage.recordBytes, now.transferStorage.recordBytes);
  compareBytes('bytes of an entry', page.transferStorage.entryBytes, now.transferStorage.entryBytes);
  return differences;
}
