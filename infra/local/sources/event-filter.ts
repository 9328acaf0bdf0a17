import { UnsupportedTemplateError } from '../intrinsic-functions.ts';

/** Says whether an event, or a part of one, is wanted. */
export type EventFilter = (event: unknown) => boolean;

/** Says whether the value at a path of the event is as wanted; undefined: there is none. */
type LeafTest = (value: unknown) => boolean;

/**
 * Makes a test of an event source mapping's filter pattern: all fields of the pattern must match, any alternative of a field will do.
 * Source: AWS Lambda Developer Guide, "Control which events Lambda sends to your function", with the operators of its table.
 * @throws {UnsupportedTemplateError} for an operator that is not known here, so that no filter matches too much or too little.
 */
export function compileFilter(pattern: unknown): EventFilter {
  if (!isObject(pattern)) {
    throw new UnsupportedTemplateError(`A filter pattern is an object, not ${JSON.stringify(pattern)}.`);
  }
  const fields = Object.entries(pattern).map(([name, part]): EventFilter => {
    if (name === '$or') {
      const alternatives = list(part, '$or').map(compileFilter);
      return (event) => alternatives.some((matches) => matches(event));
    }
    const matches = Array.isArray(part) ? compileAlternatives(part) : compileFilter(part);
    return (event) => matches(valueAt(event, name));
  });
  return (event) => fields.every((matches) => matches(event));
}

function valueAt(event: unknown, name: string): unknown {
  return isObject(event) && Object.hasOwn(event, name) ? event[name] : undefined;
}

function compileAlternatives(alternatives: readonly unknown[]): LeafTest {
  const tests = alternatives.map(compileLeaf);
  if (tests.length === 0) {
    throw new UnsupportedTemplateError('A filter pattern has an empty list, which nothing matches.');
  }
  return (value) => {
    // A list matches by any of its items.
    const candidates = Array.isArray(value) ? value : [value];
    return tests.some((test) => candidates.some(test));
  };
}

function compileLeaf(wanted: unknown): LeafTest {
  if (!isObject(wanted)) {
    return (value) => value === wanted;
  }
  const entries = Object.entries(wanted);
  const [operator = '', argument] = entries[0] ?? [];
  const compile = entries.length === 1 && Object.hasOwn(operators, operator) ? operators[operator] : undefined;
  if (!compile) {
    throw new UnsupportedTemplateError(
      `The embedded runtime does not know ${JSON.stringify(wanted)} in a filter pattern; it knows ${Object.keys(operators).join(', ')}.`,
    );
  }
  return compile(argument);
}

const operators: Readonly<Record<string, (argument: unknown) => LeafTest>> = {
  // Only leaves exist or do not: an object in this place is the way to something else.
  exists: (argument) => {
    if (typeof argument !== 'boolean') throw malformed('exists', argument);
    return (value) => (value !== undefined && !isObject(value)) === argument;
  },
  prefix: (argument) => textTest('prefix', argument, (value, start) => value.startsWith(start)),
  suffix: (argument) => textTest('suffix', argument, (value, end) => value.endsWith(end)),
  'equals-ignore-case': (argument) =>
    textTest('equals-ignore-case', argument, (value, other) => value.toLowerCase() === other.toLowerCase()),
  'anything-but': (argument) => {
    const unwanted = unwantedLeaves(argument);
    return (value) => isPresentLeaf(value) && !unwanted.some((test) => test(value));
  },
  numeric: compileNumeric,
};

function unwantedLeaves(argument: unknown): LeafTest[] {
  if (isObject(argument)) {
    const [operator = '', values] = Object.entries(argument)[0] ?? [];
    if (Object.keys(argument).length !== 1 || !['prefix', 'suffix', 'equals-ignore-case'].includes(operator)) {
      throw malformed('anything-but', argument);
    }
    return [values].flat().map((value) => compileLeaf({ [operator]: value }));
  }
  return [argument].flat().map((value) => {
    if (typeof value !== 'string' && typeof value !== 'number') throw malformed('anything-but', argument);
    return compileLeaf(value);
  });
}

const comparisons: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

/** Matches JSON numbers only. DynamoDB's are texts in its records, so that, as in Lambda, no numeric test ever matches one. */
function compileNumeric(argument: unknown): LeafTest {
  const parts = list(argument, 'numeric');
  const tests: ((value: number) => boolean)[] = [];
  for (let index = 0; index < parts.length; index += 2) {
    const compare = comparisons[String(parts[index])];
    const bound = parts[index + 1];
    if (!compare || typeof bound !== 'number') throw malformed('numeric', argument);
    tests.push((value) => compare(value, bound));
  }
  if (tests.length === 0 || tests.length > 2) throw malformed('numeric', argument);
  return (value) => typeof value === 'number' && tests.every((test) => test(value));
}

function textTest(operator: string, argument: unknown, test: (value: string, argument: string) => boolean): LeafTest {
  if (typeof argument !== 'string') throw malformed(operator, argument);
  return (value) => typeof value === 'string' && test(value, argument);
}

function isPresentLeaf(value: unknown): boolean {
  return value !== undefined && !isObject(value);
}

function list(value: unknown, operator: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(operator, value);
  return value;
}

function malformed(operator: string, argument: unknown): UnsupportedTemplateError {
  return new UnsupportedTemplateError(`A filter pattern has ${operator} with ${JSON.stringify(argument)}.`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
