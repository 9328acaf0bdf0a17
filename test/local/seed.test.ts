import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { seed } from '../../infra/local/seed.ts';
import { StartFailure } from '../../infra/local/start-failure.ts';

let server: Server;
let url: string;
/** What the first requests are answered; all others are 201. */
let answers: { readonly status: number; readonly code: string }[];
let keys: string[];
beforeEach(async () => {
  keys = [];
  server = createServer((request, response) => {
    keys.push(String(request.headers['idempotency-key']));
    const { status, code } = answers.shift() ?? { status: 201, code: 'made' };
    response.writeHead(status).end(JSON.stringify({ code }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('seed', () => {
  it('sends a request again, under its key, while a busy machine keeps it from being answered', async () => {
    answers = [
      { status: 503, code: 'outcome_unknown' },
      { status: 504, code: 'gateway_timeout' },
      { status: 409, code: 'in_progress' },
      { status: 409, code: 'already_exists' },
    ];
    await seed(url, 'key');
    expect(new Set(keys.slice(0, 4)).size).toBe(1);
    // Each of the others is sent once.
    expect(new Set(keys.slice(3)).size).toBe(keys.length - 3);
  });

  it('fails where a request is refused', async () => {
    answers = [{ status: 403, code: 'forbidden' }];
    await expect(seed(url, 'key')).rejects.toThrow(StartFailure);
    expect(keys).toHaveLength(1);
  });
});
