import { allowancePrefix, apiKeyPrefix } from '../lib/platform/keys.ts';
import type { TableNeeds } from './function-needs.ts';

/**
 * What the access check does with the platform table, in every area that checks access: it looks a key up, notes now and then that it is in use, and
 * charges its client's allowance. Whoever gets hold of such a function's rights can read no tenant's clients, and no key, of which only digests
 * are there; and can change nothing of what a key is good for, or he could make one that is good for everything.
 */
export const accessNeeds: TableNeeds = {
  actions: [],
  narrowActions: [
    { actions: ['dynamodb:Query'], partitionKeys: [`${apiKeyPrefix}*`] },
    {
      actions: ['dynamodb:UpdateItem'],
      partitionKeys: [`${apiKeyPrefix}*`],
      attributes: ['PK', 'SK', 'lastUsedAt'],
    },
    { actions: ['dynamodb:UpdateItem'], partitionKeys: [`${allowancePrefix}*`] },
  ],
};
