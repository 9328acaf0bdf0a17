import { Counter } from 'k6/metrics';
import { accounts, asset, checkBooks, hot, openBooks, readAccount } from './books.js';
import { isTransient, post } from './client.js';
import { settings } from './settings.js';

/**
 * A k6 scenario: users who send each other money, some of them always over one hot account, read balances and
 * histories, repeat requests under their keys and ask for more than there is. Afterwards the books are checked.
 * See docs/load.md.
 */
const posted = new Counter('transfers_posted');
const declined = new Counter('transfers_declined');
const replayed = new Counter('transfers_replayed');
/** Transfers without a final answer after all attempts. Their keys would still find out. */
const unanswered = new Counter('transfers_unanswered');
/** Answers that nobody may get: another status than expected, or a replay that is not the first answer again. */
const wrongAnswers = new Counter('wrong_answers');
const wrongBooks = new Counter('wrong_books');
const booksChecked = new Counter('books_checked');

export const options = {
  scenarios: {
    traffic: { executor: 'constant-vus', vus: settings.users, duration: `${settings.seconds}s`, gracefulStop: '30s' },
  },
  setupTimeout: '5m',
  teardownTimeout: '5m',
  thresholds: {
    transfers_posted: ['count>0'],
    wrong_answers: ['count==0'],
    transfers_unanswered: ['count==0'],
    wrong_books: ['count==0'],
    books_checked: ['count==1'],
    'http_req_duration{kind:transfer}': [`p(95)<${settings.p95Ms}`],
    // Named here so that the summary shows them.
    'http_req_duration{kind:balance}': ['p(95)>=0'],
    'http_req_duration{kind:history}': ['p(95)>=0'],
    'http_req_duration{kind:replay}': ['p(95)>=0'],
  },
};

export function setup() {
  openBooks();
  // Each user makes its own settings; the run they belong to has to be one.
  return { run: settings.run };
}

export default function traffic({ run }) {
  if (run !== settings.run) throw new Error('LOAD_RUN has to be set, so that all users belong to one run');
  if (Math.random() < settings.readShare) read();
  else transfer();
}

function read() {
  for (const answer of readAccount(anyAccount())) {
    if (answer.status !== 200 && !isTransient(answer)) wrong('a read', answer);
  }
}

function transfer() {
  const { source, destination } = sides();
  const amount = Math.random() < settings.overdraftShare ? '1000000000000' : String(1 + Math.floor(Math.random() * 50));
  const body = { source, destination, asset, amount, metadata: { user: String(__VU) } };
  const key = `load-${settings.run}-${__VU}-${__ITER}`;
  const first = post('transfer', '/v1/transfers', body, key);
  if (isTransient(first)) {
    unanswered.add(1);
    return;
  }
  const isDecline = first.status === 422 && first.json('code') === 'insufficient_funds';
  if (first.status === 201) posted.add(1);
  else if (isDecline) declined.add(1);
  else return wrong('a transfer', first);
  if (Math.random() < settings.replayShare) replay(body, key, first);
}

/** The same request again has to get the same answer again, marked as a replay. */
function replay(body, key, first) {
  const second = post('replay', '/v1/transfers', body, key);
  if (isTransient(second)) return;
  const isSame = second.status === first.status && sameContent(second, first);
  if (!isSame || second.headers['Idempotent-Replayed'] !== 'true') wrong('a replay', second);
  else replayed.add(1);
}

/** A problem's `instance` may name the request; a transaction has the same bytes. */
function sameContent(second, first) {
  if (first.status === 201) return second.body === first.body;
  return second.json('code') === first.json('code') && second.json('transactionId') === first.json('transactionId');
}

function wrong(what, answer) {
  wrongAnswers.add(1);
  console.error(`${what} got ${answer.status}: ${String(answer.body).slice(0, 300)}`);
}

function anyAccount() {
  return accounts[Math.floor(Math.random() * accounts.length)];
}

function sides() {
  const one = anyAccount();
  if (Math.random() < settings.hotShare) {
    return Math.random() < 0.5 ? { source: hot, destination: one } : { source: one, destination: hot };
  }
  let other = anyAccount();
  while (other === one) other = anyAccount();
  return { source: one, destination: other };
}

export function teardown() {
  const findings = checkBooks();
  for (const finding of findings) console.error(`the books are wrong: ${finding}`);
  wrongBooks.add(findings.length);
  booksChecked.add(1);
}
