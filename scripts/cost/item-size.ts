import type { AttributeValue } from '@aws-sdk/client-dynamodb';

/** Bytes DynamoDB adds to an item for its indexing, where it bills storage. */
export const storageOverheadBytes = 100;

/** Bytes a list or map has beyond its content, and each element of it. */
const containerBytes = 3;
const elementBytes = 1;

/**
 * Bytes of an item as DynamoDB bills it: its names in UTF-8 and its values. Source: Amazon DynamoDB Developer Guide,
 * "DynamoDB item sizes and formats". The guide gives the size of numbers as approximate: here two digits take a byte.
 */
export function itemSize(item: Readonly<Record<string, AttributeValue>>): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueSize(value), 0);
}

function valueSize(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return numberSize(value.N);
  if (value.B !== undefined) return byteLength(value.B);
  if (value.BOOL !== undefined || value.NULL !== undefined) return 1;
  if (value.SS !== undefined) return sum(value.SS.map((text) => Buffer.byteLength(text)));
  if (value.NS !== undefined) return sum(value.NS.map(numberSize));
  if (value.BS !== undefined) return sum(value.BS.map(byteLength));
  if (value.L !== undefined) return containerBytes + sum(value.L.map((each) => elementBytes + valueSize(each)));
  if (value.M !== undefined) {
    const elements = Object.keys(value.M).length;
    return containerBytes + elements * elementBytes + itemSize(value.M);
  }
  throw new TypeError(`an attribute of an unknown type: ${Object.keys(value)}`);
}

function numberSize(text: string): number {
  const digits = text
    .replace(/^-/, '')
    .replace('.', '')
    .replace(/^0+|0+$/g, '').length;
  return Math.ceil(digits / 2) + 1 + (text.startsWith('-') ? 1 : 0);
}

/** Binary values come as bytes from the SDK, and as base64 on the wire. */
function byteLength(bytes: Uint8Array | string): number {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'base64').length : bytes.length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
