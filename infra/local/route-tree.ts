import type { MethodDefinition } from './deployment.ts';

/** A method that answers a request, with the values of the path's variables, still percent-encoded. */
export interface RouteMatch {
  readonly method: MethodDefinition;
  readonly pathParameters: Readonly<Record<string, string>> | null;
}

interface Node {
  readonly children: Map<string, Node>;
  variable?: { readonly name: string; readonly node: Node };
  /** `{name+}`: takes the whole rest of the path. */
  rest?: { readonly name: string; readonly node: Node };
  readonly methods: Map<string, MethodDefinition>;
}

/** Finds the method for a request as API Gateway does: literal segments before variables, variables before the rest of the path. */
export class RouteTree {
  readonly #root = emptyNode();

  constructor(methods: readonly MethodDefinition[]) {
    for (const method of methods) {
      let node = this.#root;
      for (const segment of segmentsOf(method.resourcePath)) {
        node = childFor(node, segment);
      }
      node.methods.set(method.httpMethod, method);
    }
  }

  /** @param path as the client sent it, without the query. */
  find(httpMethod: string, path: string): RouteMatch | undefined {
    const parameters: Record<string, string> = {};
    const node = descend(this.#root, segmentsOf(path), 0, parameters);
    const method = node?.methods.get(httpMethod) ?? node?.methods.get('ANY');
    if (!method) {
      return undefined;
    }
    return { method, pathParameters: Object.keys(parameters).length > 0 ? parameters : null };
  }
}

function emptyNode(): Node {
  return { children: new Map(), methods: new Map() };
}

function segmentsOf(path: string): string[] {
  const segments = path.split('/').slice(1);
  if (segments.at(-1) === '') {
    segments.pop();
  }
  return segments;
}

function childFor(node: Node, segment: string): Node {
  const variable = /^\{([^}+]+)(\+?)\}$/.exec(segment);
  const name = variable?.[1];
  if (name === undefined) {
    const child = node.children.get(segment) ?? emptyNode();
    node.children.set(segment, child);
    return child;
  }
  if (variable?.[2]) {
    node.rest ??= { name, node: emptyNode() };
    return node.rest.node;
  }
  node.variable ??= { name, node: emptyNode() };
  return node.variable.node;
}

function descend(
  node: Node,
  segments: readonly string[],
  position: number,
  parameters: Record<string, string>,
): Node | undefined {
  const segment = segments[position];
  if (segment === undefined) {
    return node;
  }
  const literal = node.children.get(segment);
  if (literal) {
    return descend(literal, segments, position + 1, parameters);
  }
  if (node.variable && segment !== '') {
    parameters[node.variable.name] = segment;
    return descend(node.variable.node, segments, position + 1, parameters);
  }
  if (node.rest) {
    parameters[node.rest.name] = segments.slice(position).join('/');
    return node.rest.node;
  }
  return undefined;
}
