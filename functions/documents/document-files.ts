import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Answer, HttpProblem, weakETag } from '../../lib/http/index.ts';

/** The files of the reference page, and nothing else of the folder: no path of a request ever reaches the file system. */
const pageFiles: ReadonlyMap<string, string> = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['swagger-ui-bundle.js.LICENSE.txt', 'text/plain; charset=utf-8'],
  ['swagger-initializer.js', 'text/javascript; charset=utf-8'],
  ['favicon.svg', 'image/svg+xml'],
]);

/** Browsers and proxies may keep a file and ask whether it is still the same: its validator comes from its content. */
const cacheControl = 'public, max-age=300, must-revalidate';

/** Digits of a file's digest in its validator. */
const etagLength = 32;

/** Serves the files that lie beside the function's code. Each is read once, when it is first asked for. */
export class DocumentFiles {
  readonly #root: string;
  readonly #answers = new Map<string, Promise<Answer>>();

  constructor(root: string) {
    this.#root = root;
  }

  openApi(): Promise<Answer> {
    return this.#answer('openapi.json', 'application/json');
  }

  page(): Promise<Answer> {
    return this.#answer('docs/index.html', 'text/html; charset=utf-8');
  }

  /** @throws HttpProblem `not_found` for any file that is not one of the page */
  async pageFile(name: string): Promise<Answer> {
    const mediaType = pageFiles.get(name);
    if (mediaType === undefined) throw new HttpProblem('not_found');
    return this.#answer(`docs/${name}`, mediaType);
  }

  #answer(file: string, mediaType: string): Promise<Answer> {
    const known = this.#answers.get(file);
    if (known) return known;
    const answer = this.#read(file, mediaType);
    this.#answers.set(file, answer);
    // A file that could not be read is tried again by the next request; this one fails with the error itself.
    answer.catch(() => this.#answers.delete(file));
    return answer;
  }

  async #read(file: string, mediaType: string): Promise<Answer> {
    const body = await readFile(path.join(this.#root, file), 'utf8');
    const etag = weakETag(createHash('sha256').update(body).digest('hex').slice(0, etagLength));
    return { status: 200, body, mediaType, etag, headers: { 'Cache-Control': cacheControl } };
  }
}
