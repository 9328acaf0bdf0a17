import * as z from 'zod';

/** Blocks and events, as far as they are used here. What the API adds later is let through. */

const digits = z.string().regex(/^[0-9]+$/);

const blockEvent = z.looseObject({
  id: z.string(),
  sequence: digits,
  type: z.string(),
  time: z.string(),
  hash: z.string(),
});

export const blockAnswer = z.looseObject({
  number: digits,
  firstSequence: digits,
  previousHash: z.string(),
  hash: z.string(),
  createdAt: z.string(),
  events: z.array(blockEvent),
});

export const eventAnswer = z.looseObject({
  id: z.string(),
  sequence: digits,
  type: z.string(),
  time: z.string(),
  data: z.record(z.string(), z.unknown()),
});

export const eventPage = z.looseObject({ data: z.array(eventAnswer), nextCursor: z.string() });

export type BlockAnswer = z.output<typeof blockAnswer>;
export type EventAnswer = z.output<typeof eventAnswer>;
