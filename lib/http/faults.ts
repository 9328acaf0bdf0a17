import type * as z from 'zod';
import type { Fault } from './problem.ts';
import { jsonPointer } from './strict-json.ts';

/** Turns what a schema found into faults: one for each unknown field, one for each other issue. */
export function faultsOf(error: z.ZodError, part: Fault['in']): Fault[] {
  return error.issues.flatMap((issue): Fault[] => {
    if (issue.code === 'unrecognized_keys') {
      const detail = part === 'body' ? 'an unknown field' : 'an unknown parameter';
      return issue.keys.map((name) => ({ in: part, pointer: jsonPointer([...issue.path, name]), detail }));
    }
    return [{ in: part, pointer: jsonPointer(issue.path), detail: detailOf(issue) }];
  });
}

function detailOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'required';
  return issue.message;
}
