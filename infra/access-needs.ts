import { allowancePrefix, apiKeyPrefix } from '../lib/platform/keys.ts';
import type { TableNeeds } from './function-needs.ts';

/**
 * What the access check does with the platform table, in every area that checks access: it looks a key up, notes now and then that it is in use, and
 * charges its client's allowance. Whoever gets hold of such a function's rights can read no tenant's clients, and no key, of which only digests
 * are there.
 */
export const accessNeeds: TableNeeds = {
  actions: [],
  narrowActions: [
    { actions: ['dynamodb:Query', 'dynamodb:UpdateItem'], partitionKeys: [`${apiKeyPrefix}*`] },
    { actions: ['dynamodb:UpdateItem'], partitionKeys: [`${allowancePrefix}*`] },
  ],
};
