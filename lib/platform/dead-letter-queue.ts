import { InvariantViolation } from '../ledger/index.ts';
import type { DeadLetterSource } from './dead-letter.ts';

/** The queues of dead letters are named after the queue they are of. */
const queueForm =
  /(?:^|-)(lines|journal|publication|webhook-events|deliveries|balance-events)-dead-letters(?:\.fifo)?$/;

/** Where batches of stream records go that could not be dispatched. */
const streamForm = /(?:^|-)stream-failures$/;

/** Whose dead letters a queue has, by its ARN. @throws InvariantViolation for one that has nobody's */
export function sourceOfDeadLetters(queueArn: string): DeadLetterSource {
  const name = queueArn.slice(queueArn.lastIndexOf(':') + 1);
  if (streamForm.test(name)) return 'ledger_stream';
  const [, queue] = queueForm.exec(name) ?? [];
  if (queue === undefined) throw new InvariantViolation(`${name} is no queue of dead letters`);
  // The form names just the sources, written with hyphens.
  return queue.replace('-', '_') as DeadLetterSource;
}
