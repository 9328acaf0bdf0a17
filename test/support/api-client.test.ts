import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiClient } from './api-client.ts';

let server: Server;
let url: string;
/** The statuses that are answered one after the other; the last one from then on. */
let statuses: number[];
let keys: (string | undefined)[];
beforeEach(async () => {
  keys = [];
  server = createServer((request, response) => {
    keys.push(request.headers['idempotency-key'] as string | undefined);
    response.writeHead((statuses.length > 1 ? statuses.shift() : statuses[0]) as number).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('ApiClient', () => {
  it('that insists sends the same request again until there is an answer', async () => {
    statuses = [503, 504, 201];
    const { status } = await new ApiClient(url, 'key', { insists: true }).with('other').post('/', {});
    expect(status).toBe(201);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
  });

  it.each([500, 502, 429, 404])('that insists takes %i for an answer', async (status) => {
    statuses = [status, 200];
    expect((await new ApiClient(url, 'key', { insists: true }).get('/')).status).toBe(status);
  });

  it('asks once by default', async () => {
    statuses = [503, 200];
    expect((await new ApiClient(url, 'key').get('/')).status).toBe(503);
  });
});
