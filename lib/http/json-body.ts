import { type Fault, HttpProblem, invalidRequest } from './problem.ts';
import { JsonFault, type JsonValue, parseStrictJson } from './strict-json.ts';

/** Bytes of a request body: a transaction of the most postings with all its details is a quarter of it. */
export const maxBodyBytes = 64 * 1_024;

const jsonType = /^application\/json *(?:; *charset *= *"?utf-8"? *)?$/i;
const mergePatchType = /^application\/(?:json|merge-patch\+json) *(?:; *charset *= *"?utf-8"? *)?$/i;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

interface BodyEvent {
  readonly httpMethod: string;
  readonly headers: { readonly [name: string]: string | undefined };
  readonly multiValueHeaders?: { readonly [name: string]: readonly string[] | undefined } | null;
  readonly body: string | null;
  readonly isBase64Encoded: boolean;
}

function fault(detail: string, pointer = ''): HttpProblem {
  const faults: Fault[] = [{ in: 'body', pointer, detail }];
  return invalidRequest(faults);
}

function textOf(event: BodyEvent): string {
  const { body } = event;
  if (!body) throw fault('a JSON body is required');
  if (event.isBase64Encoded) {
    // Four characters of base64 carry three bytes, so this needs no decoding to tell.
    if (body.length > maxBodyBytes * 2) throw tooLarge();
    const bytes = Buffer.from(body, 'base64');
    if (bytes.byteLength > maxBodyBytes) throw tooLarge();
    try {
      return utf8.decode(bytes);
    } catch {
      throw fault('the body is not UTF-8');
    }
  }
  if (body.length > maxBodyBytes || Buffer.byteLength(body) > maxBodyBytes) throw tooLarge();
  return body;
}

function tooLarge(): HttpProblem {
  return new HttpProblem('too_large', `A request body has at most ${maxBodyBytes} bytes.`);
}

/**
 * Reads the JSON body of a request.
 *
 * @throws HttpProblem `unsupported_media_type`, `too_large`, or `invalid_request` with a pointer to the fault
 */
export function readJsonBody(event: BodyEvent): JsonValue {
  const accepted = event.httpMethod === 'PATCH' ? mergePatchType : jsonType;
  const types = event.multiValueHeaders?.['content-type'] ?? [event.headers['content-type'] ?? ''];
  if (!types.every((type) => accepted.test(type))) throw new HttpProblem('unsupported_media_type');
  // API Gateway decodes what it knows and says no more of it: what is still encoded is text to nobody.
  const encoding = event.headers['content-encoding'] ?? 'identity';
  if (!/^identity$/i.test(encoding)) throw new HttpProblem('unsupported_media_type');
  const text = textOf(event);
  try {
    return parseStrictJson(text);
  } catch (error) {
    if (error instanceof JsonFault) throw fault(error.message, error.pointer);
    throw error;
  }
}
