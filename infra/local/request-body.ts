import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { GatewayResponseType } from './gateway-response.ts';
import type { EventBody } from './proxy-event.ts';

/** API Gateway's limit on a request body, encoded or decoded. */
const maximumBodyBytes = 10 * 1_024 * 1_024;

const decoders = { gzip: promisify(gunzip), deflate: promisify(inflate), br: promisify(brotliDecompress) } as const;

/** A body that the gateway refuses by itself. */
export class RefusedBody extends Error {
  override readonly name = 'RefusedBody';
  readonly response: GatewayResponseType;

  constructor(response: GatewayResponseType) {
    super(response);
    this.response = response;
  }
}

/**
 * Reads a request's body, decoded where the API compresses at all.
 * @throws {RefusedBody} for one that is too large, of an encoding that is not known, or not in the encoding it claims.
 */
export async function readBody(incoming: IncomingMessage, decodes: boolean): Promise<Buffer | undefined> {
  if (Number(incoming.headers['content-length'] ?? 0) > maximumBodyBytes) {
    // It is received all the same: a client that is cut off while it sends never sees the answer.
    incoming.resume();
    throw new RefusedBody('REQUEST_TOO_LARGE');
  }
  const received = await collect(incoming);
  const encoding = incoming.headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (received === undefined || encoding === 'identity' || !decodes) {
    return received;
  }
  if (!Object.hasOwn(decoders, encoding)) {
    throw new RefusedBody('UNSUPPORTED_MEDIA_TYPE');
  }
  try {
    return await decoders[encoding as keyof typeof decoders](received, { maxOutputLength: maximumBodyBytes });
  } catch (error) {
    // A small body may well decode to gigabytes, which the decoder stops at the limit.
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw new RefusedBody(tooLarge ? 'REQUEST_TOO_LARGE' : 'BAD_REQUEST_BODY');
  }
}

function collect(incoming: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((fulfil, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maximumBodyBytes) {
        incoming.removeAllListeners('data');
        incoming.resume();
        reject(new RefusedBody('REQUEST_TOO_LARGE'));
        return;
      }
      chunks.push(chunk);
    });
    incoming.on('error', reject);
    incoming.on('end', () => {
      const [first] = chunks;
      fulfil(chunks.length <= 1 ? first : Buffer.concat(chunks, bytes));
    });
  });
}

/** Puts a body into an event: as text, or in base64 for the media types that the API declares binary. */
export function eventBody(
  body: Buffer | undefined,
  contentType: string | undefined,
  binaryMediaTypes: readonly string[],
): EventBody {
  if (!body) {
    return { body: null, isBase64Encoded: false };
  }
  const mediaType = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const isBase64Encoded = binaryMediaTypes.some((type) => type === '*/*' || type.toLowerCase() === mediaType);
  return { body: body.toString(isBase64Encoded ? 'base64' : 'utf8'), isBase64Encoded };
}
