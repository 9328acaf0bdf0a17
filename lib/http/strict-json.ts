/**
 * A JSON parser for requests that move money. It takes exactly RFC 8259 less what lets two readers of one text see
 * two things: repeated names, `__proto__`, numbers that a double does not hold exactly, lone surrogates, and U+FFFD unless it is written
 * as an escape, since API Gateway puts it in place of bytes that are not UTF-8.
 * `JSON.parse` reports none of these.
 */

export type JsonValue = string | number | boolean | null | JsonValue[] | { [name: string]: JsonValue };

/** How deep objects and arrays may lie in one another; no body of the API needs more than three. */
export const maxDepth = 16;

/** A text is not the strict JSON we take; the pointer (RFC 6901) leads to the value where it was found. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault';
  readonly pointer: string;

  constructor(pointer: string, detail: string) {
    super(detail);
    this.pointer = pointer;
  }
}

/** Writes a JSON Pointer. Source: RFC 6901, section 3. */
export function jsonPointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

// Inside a string everything from the space on may stand, but for the quote and the backslash.
const plainString = /"[ !#-[\]-\uffff]*"/y;
const escapedString = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const number = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const literals: readonly (readonly [string, boolean | null])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

class Reader {
  readonly #text: string;
  #at = 0;
  readonly #path: (string | number)[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonValue {
    this.#space();
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail('nothing may follow the value');
    return value;
  }

  #value(): JsonValue {
    switch (this.#text[this.#at]) {
      case '{':
        return this.#nested(() => this.#object());
      case '[':
        return this.#nested(() => this.#array());
      case '"':
        return this.#string();
      default:
        return this.#literalOrNumber();
    }
  }

  #nested<T>(read: () => T): T {
    if (this.#path.length >= maxDepth) this.#fail(`at most ${maxDepth} levels`);
    this.#at += 1;
    return read();
  }

  #object(): JsonValue {
    const members: { [name: string]: JsonValue } = {};
    this.#space();
    if (this.#took('}')) return members;
    do {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#fail('a name in double quotes is expected');
      const name = this.#string();
      this.#path.push(name);
      // Assigning to it would set the prototype instead of a member.
      if (name === '__proto__') this.#fail('this name is not allowed');
      if (Object.hasOwn(members, name)) this.#fail('the name occurs twice');
      this.#space();
      this.#expect(':');
      this.#space();
      members[name] = this.#value();
      this.#path.pop();
      this.#space();
    } while (this.#took(','));
    this.#expect('}');
    return members;
  }

  #array(): JsonValue {
    const items: JsonValue[] = [];
    this.#space();
    if (this.#took(']')) return items;
    do {
      this.#space();
      this.#path.push(items.length);
      items.push(this.#value());
      this.#path.pop();
      this.#space();
    } while (this.#took(','));
    this.#expect(']');
    return items;
  }

  #string(): string {
    const plain = this.#match(plainString);
    if (plain !== undefined) return this.#wellFormed(this.#undamaged(plain).slice(1, -1));
    const escaped = this.#match(escapedString);
    if (escaped === undefined) this.#fail('a string is not closed, or holds a control character or an unknown escape');
    // The expression has checked it, so this cannot throw; it resolves the escapes.
    return this.#wellFormed(JSON.parse(this.#undamaged(escaped)) as string);
  }

  /** @param source as it stands in the document, escapes unresolved */
  #undamaged(source: string): string {
    if (source.includes('\ufffd')) this.#fail('not UTF-8; U+FFFD itself is written \\ufffd');
    return source;
  }

  #wellFormed(text: string): string {
    if (!text.isWellFormed()) this.#fail('a surrogate stands alone, so this is no Unicode text');
    return text;
  }

  #number(): number {
    const text = this.#match(number);
    if (text === undefined)
      this.#fail(this.#at < this.#text.length ? 'a value is expected' : 'the text ends too early');
    const value = Number(text);
    if (/[.eE]/.test(text)) this.#fail('a number is an integer without point and exponent');
    if (!Number.isSafeInteger(value)) this.#fail('a number beyond 2^53−1 is not exact; write it as a string of digits');
    return Object.is(value, -0) ? 0 : value;
  }

  #literalOrNumber(): boolean | null | number {
    for (const [word, value] of literals) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    return this.#number();
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at += 1;
    }
  }

  #took(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #expect(character: string): void {
    if (!this.#took(character)) this.#fail(`"${character}" is expected at character ${this.#at}`);
  }

  #fail(detail: string): never {
    throw new JsonFault(jsonPointer(this.#path), detail);
  }
}

/**
 * Parses a text as strict JSON.
 *
 * @throws JsonFault at the first thing that is not taken
 */
export function parseStrictJson(text: string): JsonValue {
  return new Reader(text).document();
}
