/** A function's answer to a batch: which of its items have failed. */
export type BatchOutcome = 'succeeded' | 'failed' | { readonly failedIds: ReadonlySet<string> };

/**
 * Reads the answer of a function that reports failures (`{"batchItemFailures": [{"itemIdentifier": …}]}`). Nothing and an empty
 * list mean success; an answer of another shape, or one that names what was not in the batch, fails the batch as a whole.
 * Source: AWS Lambda Developer Guide, "Implementing partial batch responses".
 */
export function readOutcome(answer: unknown, ids: ReadonlySet<string>): BatchOutcome {
  if (answer === null || answer === undefined) return 'succeeded';
  if (typeof answer !== 'object') return 'failed';
  const failures = (answer as { batchItemFailures?: unknown }).batchItemFailures;
  if (failures === null || failures === undefined) return 'succeeded';
  if (!Array.isArray(failures)) return 'failed';
  const failedIds = new Set(
    failures.map((failure) => (failure as { itemIdentifier?: unknown } | null)?.itemIdentifier),
  );
  if (failedIds.size === 0) return 'succeeded';
  return [...failedIds].every((id): id is string => typeof id === 'string' && ids.has(id))
    ? { failedIds: failedIds as Set<string> }
    : 'failed';
}
