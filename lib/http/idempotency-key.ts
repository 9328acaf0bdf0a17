import { digestOf, maxIdempotencyKeyLength } from '../ledger/index.ts';
import type { Invocation, Middleware } from './invocation.ts';
import { HttpProblem, invalidRequest } from './problem.ts';
import { isMutation } from './route.ts';

const visible = new RegExp(`^[\\x21-\\x7e]{1,${maxIdempotencyKeyLength}}$`);
/** A structured-field string: printable ASCII in double quotes, quote and backslash escaped. Source: RFC 9651, section 3.3.3. */
const structuredString = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

/** The key a header's value names, or undefined where it is not 1 to 255 visible characters. */
export function parseIdempotencyKey(value: string): string | undefined {
  const quoted = structuredString.exec(value)?.[1];
  const key = quoted === undefined ? value : quoted.replaceAll(/\\(["\\])/g, '$1');
  return visible.test(key) ? key : undefined;
}

/**
 * Reads the idempotency key from `Idempotency-Key` or its alias `X-Idempotency-Key`.
 *
 * @throws HttpProblem `idempotency_key_missing`, or `invalid_request` where a key has another form, there are several in
 * one header, or the two headers name different keys
 */
export function readIdempotencyKey(
  headers: { readonly [name: string]: string | undefined },
  multiValueHeaders: { readonly [name: string]: readonly string[] | undefined } | null | undefined,
): string {
  let key: string | undefined;
  for (const name of ['idempotency-key', 'x-idempotency-key']) {
    const values = multiValueHeaders?.[name] ?? (headers[name] === undefined ? [] : [headers[name]]);
    for (const value of values) {
      const parsed = parseIdempotencyKey(value.trim());
      if (value.trim() === '') throw new HttpProblem('idempotency_key_missing');
      if (parsed === undefined) throw fault(name, `1 to ${maxIdempotencyKeyLength} visible ASCII characters`);
      if (key !== undefined && key !== parsed) throw fault(name, 'names another key than the header before it');
      key = parsed;
    }
  }
  if (key === undefined) throw new HttpProblem('idempotency_key_missing');
  return key;
}

function fault(name: string, detail: string): HttpProblem {
  return invalidRequest([{ in: 'header', pointer: `/${name}`, detail }]);
}

/** Reads the idempotency key of operations that change something; the others need none. */
export function idempotencyKey(): Middleware {
  return {
    before: ({ event: { invocation, headers, multiValueHeaders } }) => {
      if (!isMutation(invocation.route)) return;
      invocation.key = keyOfCaller(invocation, readIdempotencyKey(headers, multiValueHeaders));
    },
  };
}

/**
 * Who acts as an owner has keys of his own, so that he can use up none of those that the tenant's programs, or other owners, are going to
 * use: a key that is the number of an order can be guessed. No key that is sent has a space in it.
 */
function keyOfCaller({ caller, reach }: Invocation, key: string): string {
  return reach === 'own' && caller?.subject !== undefined ? `owner ${digestOf([caller.subject, key])}` : key;
}
