import { describe, expect, it } from '@jest/globals';
import { ownerScopes, roleNames, roles, scopeNames, scopes } from '../../lib/auth/index.ts';
import type { Route } from '../../lib/http/route.ts';
import { routes } from '../../lib/http/routes.ts';
import { readDocument, tableRows } from './documents.ts';

const page = readDocument('docs/reference/access.md');
const rows = tableRows(page);
const all: readonly Route[] = routes;

describe('the page about access', () => {
  it.each(scopeNames)('says what %s allows, and who has it', (scope) => {
    const [row, ...others] = rows.filter(([name]) => name === `\`${scope}\``);
    const first = roleNames.find((role) => roles[role].some((name) => name === scope));
    const owners = ownerScopes.some((name) => name === scope) ? 'yes' : '';
    expect(row).toEqual([`\`${scope}\``, scopes[scope], first ? `\`${first}\`` : 'none', owners]);
    expect(others).toEqual([]);
  });

  it('names every operation that owners may use, with what they are told else, and no other', () => {
    const told = rows.flatMap(([operations = '', , otherwise]) =>
      /`(404 not_found|403 forbidden)`/.test(otherwise ?? '')
        ? [...operations.matchAll(/`(\w+)`/g)].map(([, name]) => [name, otherwise])
        : [],
    );
    const expected = all.flatMap(({ operationId, owners }) => {
      if (!owners) return [];
      const instead = owners === 'by operation' ? 'not_found' : owners.instead;
      return [[operationId, instead === 'not_found' ? '`404 not_found`' : '`403 forbidden`']];
    });
    expect(told.toSorted()).toEqual(expected.toSorted());
  });
});
