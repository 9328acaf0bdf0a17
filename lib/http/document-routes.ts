import { healthAnswer } from './answers.ts';
import { anything, docsFilePath, nothing } from './requests.ts';
import type { Route } from './route.ts';

/** What is served without credentials: health, the OpenAPI document and its page. */
export const documentRoutes = [
  {
    method: 'GET',
    path: '/health',
    operationId: 'getHealth',
    area: 'documents',
    scope: 'public',
    tag: 'Service',
    summary: 'Tell whether the API answers',
    params: nothing,
    query: anything,
    answers: { 200: { description: 'It does.', schema: healthAnswer } },
    problems: [],
  },
  {
    method: 'GET',
    path: '/openapi.json',
    operationId: 'getOpenApi',
    area: 'documents',
    scope: 'public',
    tag: 'Service',
    summary: 'This document',
    params: nothing,
    query: anything,
    answers: { 200: { description: 'An OpenAPI 3.1 document.', mediaType: 'application/json', headers: ['ETag'] } },
    problems: [],
  },
  {
    method: 'GET',
    path: '/docs',
    operationId: 'getDocs',
    area: 'documents',
    scope: 'public',
    tag: 'Service',
    summary: 'The API reference as a page',
    params: nothing,
    query: anything,
    answers: { 200: { description: 'A page.', mediaType: 'text/html', headers: ['ETag'] } },
    problems: [],
  },
  {
    method: 'GET',
    path: '/docs/{file}',
    operationId: 'getDocsFile',
    area: 'documents',
    scope: 'public',
    tag: 'Service',
    summary: 'A static file of the reference page',
    params: docsFilePath,
    query: anything,
    answers: { 200: { description: 'The file.', mediaType: '*/*', headers: ['ETag'] } },
    problems: ['invalid_request', 'not_found'],
  },
] as const satisfies readonly Route[];
