import type { BatchMemberRequest, Posting } from '../ledger/index.ts';
import type { OwnerAccess } from './route.ts';

/**
 * How owners may use routes: which accounts of a request must be theirs. A route that has none of these lets no owner in.
 */

/** To read the account that the path names, or to spend from it. Another's is told from none by nobody: both are `not_found`. */
export const ownAccountInPath: OwnerAccess = {
  accounts: ({ path }) => [path.accountId],
  instead: 'not_found',
};

/** To reserve an amount of the account that the body names. */
export const ownAccountInBody: OwnerAccess = {
  accounts: ({ body }) => [body.account],
  instead: 'forbidden',
};

/** To transfer from the source that the body names. */
export const ownSource: OwnerAccess = {
  accounts: ({ body }) => [body.source],
  counterparts: ({ body }) => [body.destination],
  instead: 'forbidden',
};

/** To post postings: every source must be the caller's, also one that a posting before has given something. */
export const ownSources: OwnerAccess = ownSourcesOf((body) => body.postings);

/** To post a batch: every source of every member must be the caller's. */
export const ownSourcesOfAll: OwnerAccess = ownSourcesOf((body) =>
  body.transactions.flatMap(({ postings }: BatchMemberRequest) => postings),
);

// biome-ignore lint/suspicious/noExplicitAny: the body is of the route's own schema, as `OwnedRequest` says.
function ownSourcesOf(postingsOf: (body: any) => readonly Posting[]): OwnerAccess {
  return {
    accounts: ({ body }) => postingsOf(body).map(({ source }) => source),
    counterparts: ({ body }) => postingsOf(body).map(({ destination }) => destination),
    instead: 'forbidden',
  };
}
