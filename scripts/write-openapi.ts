import { mkdir, writeFile } from 'node:fs/promises';
import { buildOpenApiDocument } from '../lib/http/openapi.ts';

/** Writes the OpenAPI document where readers of the repository find it. A test fails while it is not current. */
const target = new URL('../docs/openapi/florin.json', import.meta.url);

await mkdir(new URL('.', target), { recursive: true });
await writeFile(target, `${JSON.stringify(buildOpenApiDocument(), null, 2)}\n`);
