import { applies, type Fault, type ObservedRequest } from './faults.ts';

/** When a fault strikes. Conditions that are left out are met; a rule whose `count` is used up is spent. */
export type FaultRule = {
  readonly fault: Fault;
  /** The DynamoDB operations concerned, such as `TransactWriteItems`. */
  readonly operation?: string | readonly string[];
  /** Further condition on the request. */
  readonly matches?: (request: ObservedRequest) => boolean;
  /** Let this many matching requests pass first. */
  readonly skip?: number;
  /** Strike at most this many times. */
  readonly count?: number;
  /** Strike with this probability, drawn from the proxy's seeded generator; 1 by default. */
  readonly probability?: number;
};

/**
 * Chooses the faults of each request: the rules are looked at in order; latency and clock skew add up, and the first
 * other fault that strikes ends the search, since a request fails in one way only.
 */
export class FaultChooser {
  readonly #rules: readonly FaultRule[];
  readonly #draw: () => number;
  readonly #uses = new WeakMap<FaultRule, { matched: number; struck: number }>();

  constructor(rules: readonly FaultRule[], draw: () => number) {
    this.#rules = rules;
    this.#draw = draw;
  }

  choose(request: ObservedRequest): Fault[] {
    const chosen: Fault[] = [];
    for (const rule of this.#rules) {
      if (!this.#strikes(rule, request)) continue;
      chosen.push(rule.fault);
      if (rule.fault.kind !== 'latency' && rule.fault.kind !== 'clockSkew') break;
    }
    return chosen;
  }

  #strikes(rule: FaultRule, request: ObservedRequest): boolean {
    if (rule.operation !== undefined && ![rule.operation].flat().includes(request.operation)) return false;
    if (!applies(rule.fault, request) || rule.matches?.(request) === false) return false;
    const uses = this.#uses.get(rule) ?? { matched: 0, struck: 0 };
    this.#uses.set(rule, uses);
    uses.matched += 1;
    if (uses.matched <= (rule.skip ?? 0) || uses.struck >= (rule.count ?? Number.POSITIVE_INFINITY)) return false;
    if (rule.probability !== undefined && this.#draw() >= rule.probability) return false;
    uses.struck += 1;
    return true;
  }
}
