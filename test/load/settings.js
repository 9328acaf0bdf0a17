/** What the environment asks of a load run; each has a default that suits a laptop. */
const { FLORIN_URL, FLORIN_API_KEY, LOAD_RUN } = __ENV;

function number(name, preset) {
  const text = __ENV[name];
  const value = text ? Number(text) : preset;
  if (!Number.isFinite(value) || value < 0) throw new Error(`${name} is no number: ${text}`);
  return value;
}

if (!FLORIN_URL || !FLORIN_API_KEY) throw new Error('FLORIN_URL and FLORIN_API_KEY say where to run, and as whom');

export const settings = {
  url: FLORIN_URL.replace(/\/$/, ''),
  apiKey: FLORIN_API_KEY,
  /** Part of every account and key, so that runs on one stage do not meet. */
  run: LOAD_RUN || Date.now().toString(36),
  /** Users that each wait for their answer before they ask again. */
  users: number('LOAD_USERS', 16),
  seconds: number('LOAD_SECONDS', 60),
  accounts: number('LOAD_ACCOUNTS', 100),
  /** The part of the requests that read. */
  readShare: number('LOAD_READ_SHARE', 0.3),
  /** The part of the transfers with the one hot account on one side. */
  hotShare: number('LOAD_HOT_SHARE', 0.2),
  /** The part of the transfers that is sent a second time under its key. */
  replayShare: number('LOAD_REPLAY_SHARE', 0.1),
  /** The part of the transfers that asks for more than there is. */
  overdraftShare: number('LOAD_OVERDRAFT_SHARE', 0.02),
  /** The highest 95th percentile of a transfer that passes, in milliseconds. */
  p95Ms: number('LOAD_P95_MS', 1000),
};
