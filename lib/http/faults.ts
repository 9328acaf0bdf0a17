import type * as z from 'zod';
import type { Fault } from './problem.ts';
import { jsonPointer } from './strict-json.ts';

/** A value as its schema reads it; undefined where there are faults. */
interface Checked {
  readonly value: unknown;
  readonly faults: readonly Fault[];
}

/** Reads a part of a request with its schema: a fault for each unknown field, and one for each place that has others. */
export function checked(schema: z.ZodType, value: unknown, part: Fault['in']): Checked {
  const result = schema.safeParse(value, { error: wordsOf, reportInput: true });
  if (result.success) return { value: result.data, faults: [] };
  const byPointer = new Map<string, Fault>();
  for (const fault of result.error.issues.flatMap((issue) => faultsOf(issue, part))) {
    // Of a value of a wrong type, or one that is too long, zod says also what else does not fit.
    if (!byPointer.has(fault.pointer)) byPointer.set(fault.pointer, fault);
  }
  return { value: undefined, faults: [...byPointer.values()] };
}

function faultsOf(issue: z.core.$ZodIssue, part: Fault['in']): Fault[] {
  if (issue.code === 'unrecognized_keys') {
    const detail = part === 'body' ? 'an unknown field' : 'an unknown parameter';
    return issue.keys.map((name) => ({ in: part, pointer: jsonPointer([...issue.path, name]), detail }));
  }
  return [{ in: part, pointer: jsonPointer(issue.path), detail: detailOf(issue) }];
}

function detailOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  // Only with `reportInput` an absent value is another than one of a wrong type.
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'required';
  return issue.message;
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/** What is wanted, where the schema has no words of its own for it. */
function wordsOf(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') return typeWords[issue.expected];
  if (issue.code === 'invalid_value') return `one of ${issue.values.join(', ')}`;
  if (issue.code === 'too_big' && issue.origin === 'string') return `at most ${issue.maximum} characters`;
  return undefined;
}
