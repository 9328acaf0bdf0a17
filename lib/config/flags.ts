import * as z from 'zod';

/** How long flags are used before they are read again: then at the latest a change has reached an instance. */
export const flagsMaxAgeMs = 60_000;

/** What an operator may switch off while the service runs. */
export interface Flags {
  /** False: nothing is changed any more, whatever is asked; reads go on. */
  readonly acceptWrites: boolean;
  /** Operation ids of the route table that change nothing any more; ids that nobody knows have no effect. */
  readonly disabledOperations: readonly string[];
}

/** Asked before every change; see `FlagsParameter` for what it promises. */
export interface FlagReader {
  current(): Promise<Flags>;
}

/**
 * What flags that cannot be read count as. `open`: the last known ones go on, since an operator's switch that cannot be reached
 * must not stop the money. `closed`: nothing is changed, since in another Region a standby may have been opened, and two open
 * Regions spoil the books.
 */
export const unreadableFlags = ['open', 'closed'] as const;
export type UnreadableFlags = (typeof unreadableFlags)[number];

/** What a parameter says that says nothing, and with `open` what holds until it has been read once. */
export const defaultFlags: Flags = { acceptWrites: true, disabledOperations: [] };

/**
 * Missing fields have their defaults and unknown ones are ignored, so that a value written for the release before or
 * after this one still reads.
 */
const flags = z.object({
  acceptWrites: z.boolean().default(defaultFlags.acceptWrites),
  disabledOperations: z.array(z.string()).default([]),
});

/**
 * Reads flags from JSON.
 *
 * @throws SyntaxError if it is not JSON, or ZodError if a field has another type; never half of the flags
 */
export function parseFlags(text: string): Flags {
  return flags.parse(JSON.parse(text));
}

/** The flag that forbids an operation that changes something, or undefined if it may run. */
export function forbiddenBy(flags: Flags, operationId: string): keyof Flags | undefined {
  if (!flags.acceptWrites) return 'acceptWrites';
  return flags.disabledOperations.includes(operationId) ? 'disabledOperations' : undefined;
}
