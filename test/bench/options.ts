import { parseArgs } from 'node:util';
import * as z from 'zod';

export const groups = [
  'cold',
  'memory',
  'random',
  'hot',
  'spread',
  'replay',
  'balance',
  'access',
  'history',
  'async',
] as const;
export type Group = (typeof groups)[number];

export type BenchOptions = {
  readonly only: ReadonlySet<Group>;
  /** Measured time of one turn, in seconds; a warm-up comes before it. */
  readonly seconds: number;
  /** Turns of each side in each workload; the medians over them are reported. */
  readonly rounds: number;
  readonly peers: boolean;
};

export const usage = `npm run bench -- [--only ${groups.join(',')}] [--seconds 5] [--rounds 3] [--no-peers]`;

const values = z.object({
  only: z.string().transform((text, context): ReadonlySet<Group> => {
    const chosen = z.array(z.enum(groups)).safeParse(text.split(','));
    if (chosen.success) return new Set(chosen.data);
    context.addIssue(`--only takes some of ${groups.join(',')}`);
    return z.NEVER;
  }),
  seconds: z.coerce.number('--seconds takes a number').positive('--seconds takes a positive number'),
  rounds: z.coerce
    .number('--rounds takes a number')
    .int('--rounds takes a whole number')
    .positive('--rounds starts at 1'),
  peers: z.boolean(),
});

/** @throws Error that says what is wrong with the arguments. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values: given } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      only: { type: 'string', default: groups.join(',') },
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      peers: { type: 'boolean', default: true },
    },
  });
  const parsed = values.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new Error(parsed.error.issues.map((issue) => issue.message).join('; '));
}
