import { type BookModel, type ModelAccount, type ModelAnswer, type ModelRequest, textOf } from './book-model.ts';

/** Something that was done at the same time as others, with what came of it. */
export type Deed =
  | {
      readonly kind: 'post';
      readonly request: ModelRequest;
      readonly answer: ModelAnswer;
      /** Undefined when it cannot be known: an earlier try of the same request had an unknown outcome. */
      readonly replayed: boolean | undefined;
    }
  | {
      readonly kind: 'change';
      readonly account: string;
      readonly change: Partial<ModelAccount>;
      readonly isChanged: boolean;
    };

/**
 * Looks for an order in which a ledger that does one thing at a time would have answered exactly so and left the accounts
 * as they were seen afterwards, and returns the model after it; undefined when there is none, that is, when the answers are wrong.
 * It tries only what fits the answers so far, so it is fast unless many deeds are interchangeable.
 */
export function explain(
  model: BookModel,
  deeds: readonly Deed[],
  seen: ReadonlyMap<string, ModelAccount>,
): BookModel | undefined {
  if (deeds.length === 0)
    return [...seen].every(([id, account]) => isSame(model.accounts.get(id), account)) ? model : undefined;
  const tried = new Set<string>();
  for (const [index, deed] of deeds.entries()) {
    // Two equal deeds with equal answers can change places.
    const text = textOf(deed);
    if (tried.has(text)) continue;
    tried.add(text);
    const after = model.clone();
    if (!fits(after, deed)) continue;
    const explained = explain(after, deeds.toSpliced(index, 1), seen);
    if (explained) return explained;
  }
  return undefined;
}

function fits(model: BookModel, deed: Deed): boolean {
  if (deed.kind === 'change') return model.change(deed.account, deed.change) === deed.isChanged;
  const { answer, replayed } = model.post(deed.request);
  if (textOf(answer) !== textOf(deed.answer)) return false;
  return deed.replayed === undefined || deed.replayed === replayed;
}

function isSame(one: ModelAccount | undefined, other: ModelAccount): boolean {
  if (one?.status !== other.status || one.floor !== other.floor || one.shards !== other.shards) return false;
  if ((one.freezesAll ?? false) !== (other.freezesAll ?? false)) return false;
  return one.limit?.amount === other.limit?.amount && one.limit?.count === other.limit?.count;
}
