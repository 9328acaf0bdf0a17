import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIPv4 } from 'node:net';

/** A page of the runtime itself, beside the API that it serves: a text to read, or one that answers by itself. */
export type LocalPage = TextPage | AnsweringPage;

interface TextPage {
  readonly contentType: string;
  text(): Promise<string>;
}

interface AnsweringPage {
  answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>;
}

/**
 * The page that a request is for, if any.
 *
 * Pages to read ask for no credential: whoever can connect to the loopback interface is on this machine, sees nothing here but counts, and a
 * scraper needs no setting up. That reasoning ends where a listener can be reached from outside, so there are no pages there.
 */
export function findLocalPage(
  pages: ReadonlyMap<string, LocalPage>,
  path: string,
  { socket }: Pick<IncomingMessage, 'socket'>,
): LocalPage | undefined {
  return isLoopback(socket.localAddress) && isLoopback(socket.remoteAddress) ? pages.get(path) : undefined;
}

/** Answers with the page; one to read by GET or HEAD. */
export async function answerLocalPage(
  page: LocalPage,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  if ('answer' in page) {
    await page.answer(incoming, outgoing);
    return;
  }
  incoming.resume();
  if (incoming.method !== 'GET' && incoming.method !== 'HEAD') {
    outgoing.writeHead(405, { allow: 'GET, HEAD', 'content-length': '0' }).end();
    return;
  }
  const body = await page.text();
  outgoing.writeHead(200, {
    'content-type': page.contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  // Node sends no body in answer to a HEAD.
  outgoing.end(body);
}

/** Also for an IPv4 address inside an IPv6 one. */
function isLoopback(address: string | undefined): boolean {
  const plain = address?.replace(/^::ffff:/i, '') ?? '';
  return plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'));
}
