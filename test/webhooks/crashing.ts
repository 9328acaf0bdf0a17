import type { PlatformTable } from '../../lib/platform/platform-table.ts';
import type { InstanceParts } from './delivery-fixture.ts';

/** What is thrown by everything that an instance calls once it is dead. It looks like nothing that is tried again. */
export class Died extends Error {
  readonly $fault = 'client';
}

/** Where an instance dies: before or after its n-th call to anything outside of it, counted from 1. */
export interface CrashPoint {
  readonly call: number;
  readonly when: 'before' | 'after';
}

/** An instance that dies. Whatever it called before has happened; it learns nothing of the call at which it died, and makes no other. */
export class CrashingInstance {
  readonly parts: Required<Omit<InstanceParts, 'timeLeftMs'>>;
  readonly #point: CrashPoint;
  #calls = 0;
  #isDead = false;

  constructor({ platform, queue, post, secrets }: Required<Omit<InstanceParts, 'timeLeftMs'>>, point: CrashPoint) {
    this.#point = point;
    const client = platform.client;
    client.middlewareStack.add((next) => (args) => this.#call(() => next(args)), { step: 'initialize', name: 'crash' });
    this.parts = {
      platform: { ...platform, client } as PlatformTable,
      queue: { send: (messages) => this.#call(() => queue.send(messages)) },
      post: { send: (request) => this.#call(() => post.send(request)) },
      secrets: {
        seal: (plaintext, context) => this.#call(() => secrets.seal(plaintext, context)),
        open: (sealed, context) => this.#call(() => secrets.open(sealed, context)),
      },
    };
  }

  /** How many calls it made; fewer than the point's where it came to its end. */
  get calls(): number {
    return this.#calls;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    if (this.#isDead) throw new Died('it is dead');
    this.#calls++;
    const isLast = this.#calls === this.#point.call;
    if (isLast) this.#isDead = true;
    if (isLast && this.#point.when === 'before') throw new Died('it died before a call');
    const answer = await call();
    if (isLast) throw new Died('it died after a call');
    return answer;
  }
}
