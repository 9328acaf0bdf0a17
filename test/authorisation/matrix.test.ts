import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Scope, scopeNames } from '../../lib/auth/scopes.ts';
import type { Route } from '../../lib/http/route.ts';
import { type OperationId, routes } from '../../lib/http/routes.ts';
import type { ApiAnswer, Call } from '../functions/api.ts';
import { type CallersOf, callersOf, demand, type Grants } from './callers.ts';
import { type Column, columns, type MatrixRow, readMatrix } from './matrix-file.ts';
import { demanding, type Prepare, type Prepared, requests } from './requests.ts';
import { asset, owner, startWorld, stranger, type World } from './world.ts';

const rows = readMatrix();
const byOperation = new Map(routes.map((route) => [route.operationId, route as Route]));

let world: World;
let callers: CallersOf;
beforeAll(async () => {
  world = await startWorld();
  callers = callersOf(world.api);
  // The other tenant has what the named movements need, so that all that it lacks is what is the first one's.
  const outsider = await callers(grantsOf('outsider', 'public'));
  await demand(201, outsider('POST', '/v1/assets', { code: asset }));
  for (const id of ['system:external', 'system:treasury', 'system:revenue']) {
    await demand(201, outsider('POST', '/v1/accounts', { id, unbounded: true }));
  }
});
afterAll(() => world.stop());

function grantsOf(column: Exclude<Column, 'nobody'>, scope: Route['scope']): Grants {
  const scopes: Scope[] = scope === 'public' ? [] : [scope];
  switch (column) {
    case 'alone':
      return { scopes };
    case 'rest':
      return { scopes: scopeNames.filter((name) => name !== scope) };
    case 'owner':
      return { subject: owner };
    case 'stranger':
      return { subject: stranger };
    case 'outsider':
      return { tenant: 'other', roles: ['admin'] };
    default:
      return { roles: [column] };
  }
}

async function callerOf(column: Column, scope: Route['scope']): Promise<Call> {
  if (column !== 'nobody') return callers(grantsOf(column, scope));
  // All that a caller sends, but the credentials.
  return (method, path, body) => {
    const headers = { 'Idempotency-Key': 'nobody', 'Content-Type': 'application/json' };
    return world.api.call(method, path, body, { bare: true, headers });
  };
}

function outcomeOf({ status }: ApiAnswer): string {
  return status >= 200 && status < 300 ? 'ok' : String(status);
}

describe('the matrix of authorisation', () => {
  it('has a row for each operation, for each demanding request, and for nothing else', () => {
    const names = rows.map(({ name }) => name);
    expect(names.toSorted()).toEqual([...Object.keys(requests), ...Object.keys(demanding)].toSorted());
    expect(Object.keys(requests).toSorted()).toEqual([...byOperation.keys()].toSorted());
  });

  it.each(rows)('is true of $name', async ({ name, expected }: MatrixRow) => {
    const operation = name.split('/')[0] as OperationId;
    const route = byOperation.get(operation);
    const prepare: Prepare | undefined = name.includes('/')
      ? demanding[name as `${OperationId}/${string}`]
      : requests[operation];
    if (!route || !prepare) throw new Error(`nothing is known of ${name}`);
    const findings: unknown[] = [];
    const call = async (column: Column, { path, body }: Prepared) => {
      const answer = await (await callerOf(column, route.scope))(route.method, path, body);
      if (outcomeOf(answer) !== expected[column]) findings.push({ column, is: outcomeOf(answer), text: answer.text });
    };
    const refused = columns.filter((column) => expected[column] !== 'ok');
    if (refused.length > 0) {
      // All of them may ask for the same, since what is not allowed changes nothing.
      const request = await prepare(world);
      const before = await world.contents();
      for (const column of refused) await call(column, request);
      const changed = (await world.contents()).symmetricDifference(before);
      expect([...changed]).toEqual([]);
    }
    for (const column of columns.filter((each) => expected[each] === 'ok')) await call(column, await prepare(world));
    expect(findings).toEqual([]);
    await world.tidy();
  });
});
