import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

/** What the page needs of the Swagger UI package, and its licence. It is served from here, so that the page works offline. */
const SWAGGER_UI_FILES = ['swagger-ui-bundle.js', 'swagger-ui.css', 'swagger-ui-bundle.js.LICENSE.txt'];

/** A file that the documents function serves, by its path beside the function's code. */
export interface DocumentFile {
  readonly path: string;
  readonly contents: Uint8Array | string;
}

/**
 * The files that the documents function serves: `openapi.json`, and in `docs/` the API reference, made of Swagger UI and our own
 * files around it (`assets`).
 */
export async function documentFiles(assets: string): Promise<DocumentFile[]> {
  // Only here: the generator and the schemas would cost every other user of this module their time and memory.
  const { buildOpenApiDocument } = await import('../lib/http/openapi.ts');
  const swaggerUi = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const ours = (await readdir(assets)).sort();
  return [
    { path: 'openapi.json', contents: JSON.stringify(buildOpenApiDocument()) },
    ...(await Promise.all(SWAGGER_UI_FILES.map((file) => documentFile(swaggerUi, file)))),
    ...(await Promise.all(ours.map((file) => documentFile(assets, file)))),
  ];
}

async function documentFile(folder: string, file: string): Promise<DocumentFile> {
  return { path: path.join('docs', file), contents: await readFile(path.join(folder, file)) };
}
