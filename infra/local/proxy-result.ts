/** A function's answer to a proxy event, checked. */
export interface ProxyResult {
  readonly statusCode: number;
  /** By lower-case name; a header that occurs several times has a list. */
  readonly headers: Record<string, string | string[]>;
  readonly body: Buffer;
}

/** Headers that API Gateway renames when a function sets them, so that they cannot be mistaken for its own. */
const remappedHeaders = new Set([
  'authorization',
  'connection',
  'content-length',
  'date',
  'server',
  'www-authenticate',
]);
/** Headers that API Gateway drops. */
const droppedHeaders = new Set(['transfer-encoding', 'te', 'trailer', 'upgrade']);

/**
 * Reads what a handler returned by the rules of the Lambda proxy integration.
 * @returns undefined for what API Gateway calls a malformed proxy response.
 */
export function readProxyResult(result: unknown): ProxyResult | undefined {
  if (typeof result !== 'object' || result === null) {
    return undefined;
  }
  const { statusCode, headers, multiValueHeaders, body, isBase64Encoded } = result as Record<string, unknown>;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    return undefined;
  }
  if (body !== undefined && body !== null && typeof body !== 'string') {
    return undefined;
  }
  const read: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    setHeader(read, name, String(value));
  }
  // Where a header is in both, the list wins.
  for (const [name, values] of Object.entries(multiValueHeaders ?? {})) {
    if (!Array.isArray(values)) {
      return undefined;
    }
    setHeader(read, name, values.map(String));
  }
  return {
    statusCode: status,
    headers: read,
    body: Buffer.from(body ?? '', isBase64Encoded === true ? 'base64' : 'utf8'),
  };
}

function setHeader(headers: Record<string, string | string[]>, name: string, value: string | string[]): void {
  const lower = name.toLowerCase();
  if (!droppedHeaders.has(lower)) {
    headers[remappedHeaders.has(lower) ? `x-amzn-remapped-${lower}` : lower] = value;
  }
}
