import { describe, expect, it } from '@jest/globals';
import { accessNeeds } from '../../infra/access-needs.ts';
import { type Area, areas } from '../../infra/areas.ts';
import type { FunctionNeeds } from '../../infra/function-needs.ts';
import { type Worker, workers } from '../../infra/workers.ts';
import type { TenantId } from '../../lib/ledger/index.ts';
import { apiKeyPartition, auditLogPartition, clientPartition } from '../../lib/platform/keys.ts';
import { isLike, narrowGrants } from './partition-uses.ts';

/** The Platform table has keys of clients and the audit log beside what workers work with: each function may come near just its own kinds of items. */
const all: readonly (readonly [Area | Worker, FunctionNeeds])[] = [
  ...(Object.keys(areas) as Area[]).map((area) => [area, areas[area]] as const),
  ...(Object.keys(workers) as Worker[]).map((worker) => [worker, workers[worker]] as const),
];

/** Who may do what with a partition, beyond what every access check may. */
function allowedOn(partition: string): Record<string, string[]> {
  const allowed = all.map(([name, { platform }]) => {
    const grants = narrowGrants(platform?.narrowActions).map((grant) => grant.split(' on ') as [string, string]);
    const whole = (platform?.actions ?? []).map((action) => [action, '*'] as const);
    const actions = [...grants, ...whole].filter(([, pattern]) => isLike(pattern, partition)).map(([action]) => action);
    return [name, [...new Set(actions)].sort()] as const;
  });
  return Object.fromEntries(allowed.filter(([, actions]) => actions.length > 0));
}

const tenant = 'acme' as TenantId;
const records = ['dynamodb:PutItem', 'dynamodb:Query'];

describe('the grants on the Platform table', () => {
  it.each(all)('of %s are of some kinds of items only', (_, { platform }) => {
    expect(platform?.actions ?? []).toEqual([]);
  });

  it('let the area of API clients alone come near clients', () => {
    expect(allowedOn(clientPartition(tenant))).toEqual({
      clients: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
    });
  });

  it('let the area of API clients alone make and remove keys', () => {
    const partition = apiKeyPartition('a'.repeat(64));
    expect(allowedOn(partition)).toEqual({
      clients: ['dynamodb:BatchGetItem', 'dynamodb:DeleteItem', 'dynamodb:PutItem'],
    });
    const check = narrowGrants(accessNeeds.narrowActions).filter((grant) =>
      isLike(grant.split(' on ')[1] ?? '', partition),
    );
    expect(check).toEqual(['dynamodb:Query on KEY#*', 'dynamodb:UpdateItem on KEY#*']);
  });

  it('let those who record acts add to the audit log, and nobody else come near it', () => {
    const recording = [
      'assets',
      'accounts',
      'transactions',
      'fees',
      'reports',
      'webhooks',
      'admin',
      'clients',
      'privacy',
    ];
    expect(allowedOn(auditLogPartition(tenant))).toEqual({
      ...Object.fromEntries(recording.map((area) => [area, records])),
      audit: ['dynamodb:GetItem', ...records],
    });
  });
});
