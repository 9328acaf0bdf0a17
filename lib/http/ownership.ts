import type { AccountId, TenantId } from '../ledger/index.ts';
import type { Middleware } from './invocation.ts';
import { HttpProblem } from './problem.ts';
import type { Route } from './route.ts';

/** Tells whose accounts are. */
export interface OwnerReader {
  /**
   * The owners of the accounts, read consistently; an account that does not exist, or has no owner, is missing.
   *
   * @throws LedgerError `unavailable`
   */
  owners(tenant: TenantId, accounts: readonly AccountId[]): Promise<ReadonlyMap<AccountId, string>>;
}

/**
 * Holds who has a scope for accounts of his own alone to those accounts. What is another's looks to him just as what does not exist.
 *
 * It asks for the owners each time, consistently, since who was the owner a minute ago may not be it any more: one read, which only such
 * callers cost. It runs after validation, which tells the accounts.
 */
export function ownership(reader: OwnerReader | undefined): Middleware {
  return {
    before: async ({ event }) => {
      const { caller, reach, path, body } = event.invocation;
      const { owners }: Route = event.invocation.route;
      if (!caller || reach !== 'own' || owners === 'by operation') return;
      // An area that cannot tell, or a route that says nothing, lets no owner in.
      if (!reader || !owners || caller.subject === undefined) throw new HttpProblem('forbidden');
      const accounts = [...new Set(owners.accounts({ path, body }))] as AccountId[];
      const ownerOf = await reader.owners(caller.tenant, accounts);
      if (accounts.length === 0 || accounts.some((account) => ownerOf.get(account) !== caller.subject)) {
        throw new HttpProblem(owners.instead, details[owners.instead]);
      }
      event.invocation.ownAccounts = new Set(accounts);
    },
  };
}

const details = {
  not_found: 'There is no such account.',
  forbidden: 'The credentials allow this with accounts of their subject only.',
};
