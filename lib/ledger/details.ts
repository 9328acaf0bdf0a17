import type { Metadata } from './account.ts';

/** What clients write about a transaction. */
export interface Details {
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

/** Details in their one normal form: empty ones are absent. */
export function normalDetails({ description, metadata }: Details): Details {
  return {
    description: description || undefined,
    metadata: metadata && Object.keys(metadata).length > 0 ? metadata : undefined,
  };
}
