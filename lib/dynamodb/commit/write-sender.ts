import { type DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { boundedTimeout } from '../table/client.ts';
import type { Patience } from '../table/patience.ts';
import { NotSent, type PendingWrite } from './pending-write.ts';
import { Wire } from './wire.ts';
import type { PlannedAction } from './write-plan.ts';

/** No attempt is begun with less time than this: one command's end must not cut its neighbours' call short. */
export const shortestAttemptMs = 200;

/** Sends the writes of an instance, one at a time. */
export class WriteSender {
  readonly #client: DynamoDBDocumentClient;
  readonly #wire = new Wire();

  constructor(client: DynamoDBDocumentClient) {
    this.#client = client;
  }

  /**
   * Sends a write when it is its turn. It is marshalled and signed before, while the one before it is under way.
   *
   * @throws NotSent when a write it was decided on did not succeed, or time ran out before its turn; whatever the SDK throws
   */
  async send(
    actions: readonly PlannedAction[],
    patience: Patience,
    foreseenFrom: ReadonlySet<PendingWrite>,
  ): Promise<void> {
    let leave = () => {};
    const command = new TransactWriteCommand({ TransactItems: actions.map(({ action }) => action) });
    command.middlewareStack.add(
      (next) => async (args) => {
        for (const write of foreseenFrom) if (!(await write.succeeded)) throw new NotSent();
        leave = await this.#wire.enter();
        if (patience.leftMs < shortestAttemptMs) throw new NotSent();
        return next(args);
      },
      // The document client joins a command's own stack in twice; the second replaces the first.
      { name: 'awaitTurn', step: 'finalizeRequest', priority: 'low', override: true },
    );
    try {
      await this.#client.send(command, { requestTimeout: boundedTimeout(patience) });
    } finally {
      leave();
    }
  }
}
