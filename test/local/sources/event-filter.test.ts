import { describe, expect, it } from '@jest/globals';
import { UnsupportedTemplateError } from '../../../infra/local/intrinsic-functions.ts';
import { compileFilter } from '../../../infra/local/sources/event-filter.ts';

/** The examples of the AWS Lambda Developer Guide ("Filter rule syntax" and those of each service), then what they leave open. */
const cases: [name: string, pattern: object, matching: object[], other: object[]][] = [
  ['null', { UserID: [null] }, [{ UserID: null }], [{ UserID: '' }, {}, { UserID: 0 }]],
  ['empty', { LastName: [''] }, [{ LastName: '' }], [{ LastName: 'x' }, { LastName: null }, {}]],
  ['equals', { Name: ['Alice'] }, [{ Name: 'Alice' }], [{ Name: 'alice' }, { Name: 'Bob' }, {}]],
  [
    'equals, ignoring case',
    { Name: [{ 'equals-ignore-case': 'alice' }] },
    [{ Name: 'ALICE' }],
    [{ Name: 'Alicia' }, { Name: 1 }],
  ],
  [
    'and',
    { Location: ['New York'], Day: ['Monday'] },
    [{ Location: 'New York', Day: 'Monday', more: 1 }],
    [{ Location: 'New York', Day: 'Sunday' }, { Location: 'New York' }],
  ],
  ['or', { PaymentType: ['Credit', 'Debit'] }, [{ PaymentType: 'Debit' }], [{ PaymentType: 'Cash' }]],
  [
    'or of several fields',
    { $or: [{ Location: ['New York'] }, { Day: ['Monday'] }] },
    [{ Location: 'New York' }, { Location: 'Rome', Day: 'Monday' }],
    [{ Location: 'Rome', Day: 'Sunday' }, {}],
  ],
  [
    'and of an or',
    { a: [1], $or: [{ b: [1] }, { c: [1] }] },
    [
      { a: 1, b: 1 },
      { a: 1, c: 1 },
    ],
    [{ b: 1, c: 1 }, { a: 1 }],
  ],
  ['not', { Weather: [{ 'anything-but': ['Raining'] }] }, [{ Weather: 'Sunny' }], [{ Weather: 'Raining' }, {}]],
  ['not one', { state: [{ 'anything-but': 'x' }] }, [{ state: 'y' }, { state: 1 }], [{ state: 'x' }, {}]],
  ['not a number', { n: [{ 'anything-but': [1, 2] }] }, [{ n: 3 }, { n: '1' }], [{ n: 1 }]],
  [
    'not a beginning',
    { SK: [{ 'anything-but': { prefix: 'P#' } }] },
    [{ SK: 'Q#P#' }],
    [{ SK: 'P#1' }, { SK: 'P#' }, {}],
  ],
  [
    'not any beginning',
    { SK: [{ 'anything-but': { prefix: ['P#', 'E#'] } }] },
    [{ SK: 'RECORD' }],
    [{ SK: 'P#1' }, { SK: 'E#1' }],
  ],
  ['not an end', { f: [{ 'anything-but': { suffix: '.txt' } }] }, [{ f: 'a.rtf' }], [{ f: 'a.txt' }]],
  ['numeric, equal', { Price: [{ numeric: ['=', 100] }] }, [{ Price: 100 }, { Price: 1e2 }], [{ Price: '100' }, {}]],
  [
    'numeric, a range',
    { Price: [{ numeric: ['>', 10, '<=', 20] }] },
    [{ Price: 20 }, { Price: 10.1 }],
    [{ Price: 10 }, { Price: 21 }],
  ],
  [
    'exists',
    { ProductName: [{ exists: true }] },
    [{ ProductName: 'x' }, { ProductName: null }, { ProductName: ['x'] }],
    [{}, { ProductName: [] }, { ProductName: { inner: 1 } }],
  ],
  [
    'does not exist',
    { dynamodb: { OldImage: { status: { S: [{ exists: false }] } } } },
    [{}, { dynamodb: {} }, { dynamodb: { OldImage: { status: { N: '1' } } } }],
    [{ dynamodb: { OldImage: { status: { S: 'x' } } } }],
  ],
  ['begins with', { Region: [{ prefix: 'us-' }] }, [{ Region: 'us-east-1' }], [{ Region: 'eu-us-' }, { Region: 1 }]],
  ['ends with', { FileName: [{ suffix: '.png' }] }, [{ FileName: 'a.png' }], [{ FileName: 'a.png.txt' }]],
  ['any item of a list', { tags: ['a', { prefix: 'b' }] }, [{ tags: ['x', 'bc'] }], [{ tags: ['x'] }, { tags: [] }]],
  ['true and false', { done: [true] }, [{ done: true }], [{ done: 'true' }, { done: false }]],
  [
    'nested keys',
    { eventName: ['INSERT'], dynamodb: { Keys: { SK: { S: [{ prefix: 'P#' }] } } } },
    [{ eventName: 'INSERT', dynamodb: { Keys: { PK: { S: 'T' }, SK: { S: 'P#1' } } } }],
    [
      { eventName: 'MODIFY', dynamodb: { Keys: { SK: { S: 'P#1' } } } },
      { eventName: 'INSERT', dynamodb: { Keys: { SK: 'P#1' } } },
      { eventName: 'INSERT', dynamodb: 'P#1' },
    ],
  ],
  ['nothing in particular', {}, [{}, { a: 1 }], []],
  ['a name that every object has', { toString: [{ exists: false }] }, [{}], [{ toString: 'x' }]],
];

describe('compileFilter', () => {
  it.each(cases)('%s', (_, pattern, matching, other) => {
    const matches = compileFilter(pattern);
    expect(matching.map(matches)).toEqual(matching.map(() => true));
    expect(other.map(matches)).toEqual(other.map(() => false));
  });

  it.each<[unknown]>([
    [{ a: [{ wildcard: 'x*' }] }],
    [{ a: [{ cidr: '10.0.0.0/8' }] }],
    [{ a: [{ prefix: 'x', suffix: 'y' }] }],
    [{ a: [{}] }],
    [{ a: [] }],
    [{ a: 'x' }],
    [{ a: [{ prefix: 1 }] }],
    [{ a: [{ exists: 'yes' }] }],
    [{ a: [{ numeric: ['!=', 1] }] }],
    [{ a: [{ numeric: ['>', '1'] }] }],
    [{ a: [{ numeric: ['>', 1, '<'] }] }],
    [{ a: [{ numeric: [] }] }],
    [{ a: [{ 'anything-but': { wildcard: 'x*' } }] }],
    [{ a: [{ 'anything-but': [null] }] }],
    [{ $or: { a: ['x'] } }],
    ['x'],
  ])('refuses %j', (pattern) => {
    expect(() => compileFilter(pattern)).toThrow(UnsupportedTemplateError);
  });
});
