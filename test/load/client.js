import { sleep } from 'k6';
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import { settings } from './settings.js';

/** Answers that a request may get when nothing is wrong; `http_req_failed` counts the others. */
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 299 }, 409, 422, 429, 503));

const retried = new Counter('retried');

const attempts = 8;
const firstPauseSeconds = 0.05;
const longestPauseSeconds = 2;

const headers = { Authorization: `Bearer ${settings.apiKey}` };

/** One GET, tagged as `kind` in the report. */
export function get(kind, path) {
  return http.get(`${settings.url}${path}`, { headers, tags: { name: kind, kind } });
}

/**
 * Posts under a key until there is a final answer, as a client has to: 429, 503 and a broken connection are tried again
 * with the same key. Returns the last answer, whatever it is.
 */
export function post(kind, path, body, key) {
  const params = {
    headers: { ...headers, 'Content-Type': 'application/json', 'Idempotency-Key': key },
    tags: { name: kind, kind },
  };
  const text = JSON.stringify(body);
  for (let attempt = 1; ; attempt++) {
    const answer = http.post(`${settings.url}${path}`, text, params);
    if (!isTransient(answer) || attempt === attempts) return answer;
    retried.add(1, { status: String(answer.status) });
    sleep(Math.random() * Math.min(longestPauseSeconds, firstPauseSeconds * 2 ** attempt));
  }
}

/** Whether the answer says that the same request may well get another. Status 0: there was none. */
export function isTransient({ status }) {
  return status === 0 || status === 429 || status === 503;
}
