import * as z from 'zod';
import type { HoldId } from '../../ledger/index.ts';

/** A hold's id in a row. */
export const holdId = z.string().transform((text) => text as HoldId);
