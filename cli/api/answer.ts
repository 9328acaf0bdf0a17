import type * as z from 'zod';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';

/** An answer of the API that is not a problem. */
export interface Answer {
  readonly status: number;
  /** The body as it came, if it is JSON. */
  readonly body: unknown;
  readonly text: string;
  /** Where the next page of a file begins. */
  readonly nextCursor: string | undefined;
  /** It is the stored answer of an earlier request with the same key. */
  readonly isReplay: boolean;
  /** The service's clock when it answered, in milliseconds since 1970; whole seconds, and absent where it did not say. */
  readonly serverTime: number | undefined;
}

/** An answer's body, looked at: what was read of it, and all of it as it came. */
export interface Read<T> {
  readonly value: T;
  readonly raw: unknown;
}

/**
 * Looks at a body.
 * @throws Failure (unexpected) naming what is not as documented
 */
export function readAs<T>(schema: z.ZodType<T>, raw: unknown): Read<T> {
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the body'}: ${message}`);
    throw new Failure(
      exitCodes.unexpected,
      `The answer is not one of Florin's API (${faults.slice(0, 3).join('; ')}).`,
    );
  }
  return { value: parsed.data, raw };
}
