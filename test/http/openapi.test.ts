import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { buildOpenApiDocument } from '../../lib/http/openapi.ts';
import { problems } from '../../lib/http/problem.ts';
import { isMutation, type Route, routeKey } from '../../lib/http/route.ts';
import { routes } from '../../lib/http/routes.ts';

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, { readonly $ref?: string }>>;
  readonly description: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly 'x-scope': string;
  readonly 'x-owners': boolean;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly responses: Readonly<Record<string, unknown>> };
}

let document: Document;
beforeAll(() => {
  document = JSON.parse(JSON.stringify(buildOpenApiDocument())) as Document;
});

function operationOf(route: Route): Operation {
  const operation = document.paths[route.path]?.[route.method.toLowerCase()];
  if (!operation) throw new Error(`no ${routeKey(route)}`);
  return operation;
}

/** Every `$ref` anywhere in a value. */
function refsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => (name === '$ref' ? [String(member)] : refsIn(member)));
}

describe('buildOpenApiDocument', () => {
  it('is what is kept in the repository', async () => {
    const kept = await readFile(new URL('../../docs/openapi/florin.json', import.meta.url), 'utf8');
    // Run `npm run openapi` where this fails.
    expect(JSON.parse(kept)).toEqual(document);
  });

  it('gives the same bytes every time', () => {
    expect(JSON.stringify(buildOpenApiDocument())).toBe(JSON.stringify(buildOpenApiDocument()));
  });

  it('has every route and no other', () => {
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(routes.map(routeKey).sort());
    expect(document.openapi).toBe('3.1.0');
  });

  it('refers to nothing that is not there', () => {
    const refs = [...new Set(refsIn(document))];
    expect(refs.length).toBeGreaterThan(20);
    for (const ref of refs) {
      const found = ref
        .slice(2)
        .split('/')
        .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], document);
      expect({ ref, found: found !== undefined }).toEqual({ ref, found: true });
    }
  });

  it.each(routes.map((route) => route as Route))('describes all of $operationId', (route) => {
    const operation = operationOf(route);
    const statuses = [
      ...Object.keys(route.answers),
      ...route.problems.map((code) => String(problems[code].status)),
      ...(isMutation(route) ? ['400', '422'] : []),
      ...(route.body ? ['413', '415'] : []),
      ...(route.scope === 'public' ? [] : ['401', '403', '503']),
    ];
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(statuses));
    const named = (place: string) =>
      (operation.parameters ?? []).filter((each) => each.in === place).map((each) => each.name);
    expect(named('path').sort()).toEqual([...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort());
    expect(named('header').includes('Idempotency-Key')).toBe(isMutation(route));
    expect(operation.requestBody !== undefined).toBe(route.body !== undefined);
    const asked = route.scope === 'public' ? [] : [{ bearer: [route.scope] }, { apiKey: [route.scope] }];
    expect(operation.security).toEqual(asked);
    expect(operation).toMatchObject({ 'x-scope': route.scope, 'x-owners': route.owners !== undefined });
    expect(operation.description).toContain(route.scope);
  });

  it('names every code of a problem where it can occur', () => {
    for (const route of routes as readonly Route[]) {
      const responses = Object.values(operationOf(route).responses);
      const texts = responses.map(({ $ref, ...own }) =>
        JSON.stringify($ref ? document.components.responses[$ref.split('/').at(-1) as string] : own),
      );
      for (const code of route.problems) expect(texts.some((text) => text.includes(`"${code}"`))).toBe(true);
    }
  });
});
