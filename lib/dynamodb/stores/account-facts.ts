import type { Facts } from '../../audit/act.ts';
import { changedFacts } from '../../audit/facts.ts';
import { type Account, type DebitLimits, debitWindows } from '../../ledger/index.ts';

/** What changed of an account, its metadata aside, as the audit log keeps it; undefined where nothing did. */
export function accountFactsChanged(before: Account, after: Account) {
  return changedFacts(factsOf(before), factsOf(after));
}

/** What the audit log keeps of an account that is opened. */
export function accountFacts(account: Account): Facts {
  return { unbounded: account.unbounded, ...factsOf(account) };
}

function factsOf({ status, freezes, floors, limits = new Map(), shards, owner }: Account): Facts {
  return {
    status,
    freezes,
    floors: Object.fromEntries([...floors].map(([asset, floor]) => [asset, floor.toString()])),
    limits: Object.fromEntries([...limits].map(([asset, limit]) => [asset, limitFacts(limit)])),
    shards,
    owner,
  };
}

function limitFacts(limits: DebitLimits): Facts {
  const windows = debitWindows.map((window) => {
    const { amount, count } = limits[window] ?? {};
    return [window, { amount: amount?.toString(), count }];
  });
  return Object.fromEntries(windows);
}
