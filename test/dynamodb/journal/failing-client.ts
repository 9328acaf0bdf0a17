import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/**
 * What happens at a process's nth call: it is `killed` before it (so also between it and the call before); or it goes on, and the call
 * is `refused` without an effect, or has its effect and the answer is `lost`.
 */
export interface Mishap {
  readonly call: number;
  readonly kind: 'killed' | 'refused' | 'lost';
}

/** The process is gone: nothing that it still asks for has an effect. */
export class Killed extends Error {
  override readonly name = 'Killed';
  // So that nobody takes it for something that passes.
  readonly $metadata = { httpStatusCode: 400 };
}

/** A client of a process that has a mishap at a call of its own; it counts its calls. */
export class FailingClient {
  calls = 0;
  readonly client: DynamoDBDocumentClient;
  #isDead = false;

  constructor(client: DynamoDBDocumentClient, mishap?: Mishap) {
    const send = async (...args: unknown[]): Promise<unknown> => {
      const isNow = !this.#isDead && ++this.calls === mishap?.call;
      if (isNow && mishap.kind === 'killed') this.#isDead = true;
      if (this.#isDead) throw new Killed();
      if (isNow && mishap.kind === 'refused') throw new Error('the call was refused');
      const answer = await (client.send as (...all: unknown[]) => Promise<unknown>).apply(client, args);
      if (isNow) throw new Error('the answer was lost');
      return answer;
    };
    // Of a client, the journal uses nothing but this.
    this.client = { send } as unknown as DynamoDBDocumentClient;
  }
}
