/** What CloudFormation's intrinsic functions need to know about a stack to be resolved. */
export interface ResolutionScope {
  /** The value of `Ref`: a parameter, a pseudo parameter or a resource's physical id. */
  reference(logicalId: string): unknown;
  /** The value of `Fn::GetAtt`. */
  attribute(logicalId: string, attribute: string): unknown;
  /** The value of `Fn::ImportValue`: an export of any stack. */
  importedValue(name: string): unknown;
  /** The outcome of a named condition. */
  condition(name: string): boolean;
  /** The value of `Fn::FindInMap`. */
  mapping(map: string, first: string, second: string): unknown;
}

/** Thrown when a template uses something that the embedded runtime cannot play. */
export class UnsupportedTemplateError extends Error {
  override readonly name = 'UnsupportedTemplateError';
}

type Resolver = (argument: unknown, scope: ResolutionScope) => unknown;

/** Marks a property as absent, as `AWS::NoValue` does. */
export const noValue = Symbol('AWS::NoValue');

/**
 * Resolves every intrinsic function in a template value.
 * @throws {UnsupportedTemplateError} for a function that is not known here, so that a wrong value never passes unnoticed.
 */
export function resolve(value: unknown, scope: ResolutionScope): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => resolve(item, scope)).filter((item) => item !== noValue);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only && isIntrinsic(only[0])) {
    const resolver = resolvers[only[0]];
    if (!resolver) {
      throw new UnsupportedTemplateError(`The template uses ${only[0]}, which the embedded runtime does not know.`);
    }
    return resolver(only[1], scope);
  }
  return Object.fromEntries(
    entries.map(([key, item]) => [key, resolve(item, scope)] as const).filter(([, item]) => item !== noValue),
  );
}

/** Evaluates a condition of a template (`Fn::Equals`, `Fn::And`, `Fn::Or`, `Fn::Not`, `Condition`). */
export function evaluateCondition(definition: unknown, scope: ResolutionScope): boolean {
  return resolve(definition, scope) === true;
}

const resolvers: Readonly<Record<string, Resolver>> = {
  Ref: (argument, scope) => scope.reference(text(argument, 'Ref')),
  Condition: (argument, scope) => scope.condition(text(argument, 'Condition')),
  'Fn::GetAtt': (argument, scope) => {
    const [logicalId = '', ...attribute] = typeof argument === 'string' ? argument.split('.') : list(argument, scope);
    return scope.attribute(String(logicalId), attribute.join('.'));
  },
  'Fn::ImportValue': (argument, scope) => scope.importedValue(text(resolve(argument, scope), 'Fn::ImportValue')),
  'Fn::Join': (argument, scope) => {
    const [separator, parts] = pair(argument, 'Fn::Join');
    return list(parts, scope).map(String).join(String(separator));
  },
  'Fn::Split': (argument, scope) => {
    const [separator, source] = pair(argument, 'Fn::Split');
    return text(resolve(source, scope), 'Fn::Split').split(String(separator));
  },
  'Fn::Select': (argument, scope) => {
    const [index, items] = pair(argument, 'Fn::Select');
    return list(items, scope)[Number(resolve(index, scope))];
  },
  'Fn::Sub': substitute,
  'Fn::Base64': (argument, scope) => Buffer.from(text(resolve(argument, scope), 'Fn::Base64')).toString('base64'),
  'Fn::FindInMap': (argument, scope) => {
    const [map = '', first = '', second = ''] = list(argument, scope).map(String);
    return scope.mapping(map, first, second);
  },
  'Fn::If': (argument, scope) => {
    const [name, whenTrue, whenFalse] = Array.isArray(argument) ? argument : [];
    return resolve(scope.condition(text(name, 'Fn::If')) ? whenTrue : whenFalse, scope);
  },
  'Fn::Equals': (argument, scope) => {
    const [left, right] = list(argument, scope);
    return left === right;
  },
  'Fn::Not': (argument, scope) => list(argument, scope)[0] !== true,
  'Fn::And': (argument, scope) => list(argument, scope).every((item) => item === true),
  'Fn::Or': (argument, scope) => list(argument, scope).some((item) => item === true),
};

function isIntrinsic(key: string): boolean {
  return key === 'Ref' || key === 'Condition' || key.startsWith('Fn::');
}

function substitute(argument: unknown, scope: ResolutionScope): string {
  const [template, variables] = Array.isArray(argument) ? argument : [argument, {}];
  const given: Readonly<Record<string, unknown>> = variables ?? {};
  return text(template, 'Fn::Sub').replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
    if (literal) {
      return `\${${name}}`;
    }
    if (name in given) {
      return String(resolve(given[name], scope));
    }
    const dot = name.indexOf('.');
    return String(dot < 0 ? scope.reference(name) : scope.attribute(name.slice(0, dot), name.slice(dot + 1)));
  });
}

function list(value: unknown, scope: ResolutionScope): unknown[] {
  const resolved = resolve(value, scope);
  if (!Array.isArray(resolved)) {
    throw new UnsupportedTemplateError(`The template has ${JSON.stringify(value)} where a list belongs.`);
  }
  return resolved;
}

function pair(value: unknown, intrinsic: string): [unknown, unknown] {
  if (!Array.isArray(value) || value.length !== 2) {
    throw new UnsupportedTemplateError(`${intrinsic} takes two arguments, not ${JSON.stringify(value)}.`);
  }
  return [value[0], value[1]];
}

function text(value: unknown, intrinsic: string): string {
  if (typeof value !== 'string') {
    throw new UnsupportedTemplateError(`${intrinsic} takes a text, not ${JSON.stringify(value)}.`);
  }
  return value;
}
