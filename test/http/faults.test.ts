import { describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { createClientBody } from '../../lib/http/client-schemas.ts';
import { checked } from '../../lib/http/faults.ts';
import type { Route } from '../../lib/http/route.ts';
import { routes } from '../../lib/http/routes.ts';

function faults(value: unknown): string[] {
  return checked(createClientBody, value, 'body').faults.map(({ pointer, detail }) => `${pointer}: ${detail}`);
}

describe('checked', () => {
  it('gives what the schema makes of a right value, and no fault', () => {
    expect(checked(createClientBody, { name: 'Billing' }, 'body')).toEqual({ value: { name: 'Billing' }, faults: [] });
  });

  it('says that a value is missing only where it is', () => {
    expect(faults({})).toEqual(['/name: required']);
    expect(faults({ name: null })).toEqual(['/name: a string']);
    expect(faults({ name: 5 })).toEqual(['/name: a string']);
  });

  it('says of a value of a wrong type what is wanted instead', () => {
    expect(faults({ name: 'Billing', roles: 'reader' })).toEqual(['/roles: a list']);
    expect(faults({ name: 'Billing', roles: null })).toEqual(['/roles: a list']);
    expect(faults({ name: 'Billing', rate: 5 })).toEqual(['/rate: an object']);
    expect(faults({ name: 'Billing', expiresAt: null })[0]).toMatch(/^\/expiresAt: an RFC 3339 time such as/);
    expect(faults({ name: 'Billing', rate: { requestsPerSecond: '1' } })).toEqual([
      '/rate/requestsPerSecond: a whole number from 1 to 10000',
      '/rate/burst: required',
    ]);
    expect(faults([])).toEqual([': an object']);
  });

  it('names the roles and scopes that there are', () => {
    expect(faults({ name: 'Billing', roles: ['writter'] })).toEqual([
      '/roles/0: one of reader, writer, operator, admin',
    ]);
    expect(faults({ name: 'Billing', scopes: ['account:read'] })[0]).toMatch(/^\/scopes\/0: one of .*accounts:read/);
  });

  it('has one fault for each place', () => {
    expect(faults({ name: 'x'.repeat(70) })).toEqual(['/name: at most 64 bytes']);
    expect(faults({ name: 'Billing', roles: 'operators' })).toEqual(['/roles: a list']);
    expect(faults({ name: 'Billing', role: 1, rolls: 2 })).toEqual([
      '/role: an unknown field',
      '/rolls: an unknown field',
    ]);
  });

  it('speaks of every schema of a body in words of our own', () => {
    const wrong = [null, 5, 'x', true, [], {}];
    const said = routes.flatMap(({ body }: Route) => {
      if (body === undefined) return [];
      const fields = Object.keys(z.toJSONSchema(body, { io: 'input', unrepresentable: 'any' }).properties ?? {});
      return [...wrong, ...fields.flatMap((field) => wrong.map((value) => ({ [field]: value })))].flatMap((value) =>
        checked(body, value, 'body').faults.map(({ detail }) => detail),
      );
    });
    expect(said.length).toBeGreaterThan(100);
    expect(said.filter((detail) => /^(Invalid|Too) /.test(detail))).toEqual([]);
  });
});
