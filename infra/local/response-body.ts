import { promisify } from 'node:util';
import { constants, deflate, gzip, gzipSync } from 'node:zlib';

const gzipLater = promisify(gzip);
const deflateLater = promisify(deflate);

/** Up to this size compressing at once costs less than the way to a thread of the pool and back. */
const synchronousBytes = 16 * 1_024;
const options = { level: constants.Z_BEST_SPEED };

/** The encoding to answer in, of those API Gateway knows; none unless the client names one and does not refuse it. */
export function acceptedEncoding(accept: string | undefined): 'gzip' | 'deflate' | undefined {
  if (!accept) {
    return undefined;
  }
  const refused = new Set<string>();
  const named = new Set<string>();
  for (const part of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((item) => item.trim());
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    (quality && Number(quality.slice(2)) === 0 ? refused : named).add(name);
  }
  return (['gzip', 'deflate'] as const).find((name) => !refused.has(name) && (named.has(name) || named.has('*')));
}

/** Compresses a body; small ones at once. */
export function compress(body: Buffer, encoding: 'gzip' | 'deflate'): Buffer | Promise<Buffer> {
  if (encoding === 'deflate') {
    return deflateLater(body, options);
  }
  return body.length <= synchronousBytes ? gzipSync(body, options) : gzipLater(body, options);
}
