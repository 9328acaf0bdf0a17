import { type AccountId, InvariantViolation, type TenantId } from '../ledger/index.ts';
import type { Middleware, OwnAmong } from './invocation.ts';
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
 * callers cost. It runs after validation, which tells the accounts. An operation that was left to ask by itself and answered without having
 * asked fails: what nobody checked does not get out.
 */
export function ownership(reader: OwnerReader | undefined): Middleware {
  return {
    before: async ({ event }) => {
      const { invocation } = event;
      const { caller, reach, path, body } = invocation;
      if (!caller || reach !== 'own') return;
      const { owners }: Route = invocation.route;
      const { tenant, subject } = caller;
      // An area that cannot tell, or a route that says nothing, lets no owner in.
      if (!reader || !owners || subject === undefined) throw new HttpProblem('forbidden');
      const ownAmong: OwnAmong = async (accounts) => {
        const asked = [...new Set(accounts)];
        const ownerOf = await reader.owners(tenant, asked);
        invocation.ownAccounts = new Set(asked.filter((account) => ownerOf.get(account) === subject));
        return invocation.ownAccounts;
      };
      if (owners === 'by operation') {
        invocation.ownAmong = ownAmong;
        return;
      }
      const needed = owners.accounts({ path, body }) as AccountId[];
      const others = (owners.counterparts?.({ path, body }) ?? []) as AccountId[];
      const own = await ownAmong([...needed, ...others]);
      if (needed.length === 0 || needed.some((account) => !own.has(account))) {
        throw new HttpProblem(owners.instead, details[owners.instead]);
      }
    },
    after: ({ event }) => {
      const { reach, ownAccounts, route } = event.invocation;
      if (reach === 'own' && !ownAccounts) {
        throw new InvariantViolation(`${route.operationId} answered an owner without having asked whose it is`);
      }
    },
  };
}

const details = {
  not_found: 'There is no such account.',
  forbidden: 'The credentials allow this with accounts of their subject only.',
};
