import { type QueueName, queueList } from './queue-list.ts';

/** What SQS calls a queue of the stage. The names are given, so that dead letters can say whose they are and operators find them. */
export function queueNameOf(stage: string, queue: QueueName): string {
  return `florin-${stage}-${kebab(queue)}${ending(queue)}`;
}

/** What SQS calls the queue of its dead letters. */
export function deadLettersNameOf(stage: string, queue: QueueName): string {
  return `florin-${stage}-${kebab(queue)}-dead-letters${ending(queue)}`;
}

/** What SQS calls the queue of the batches of the stream that could not be dispatched. */
export function streamFailuresNameOf(stage: string): string {
  return `florin-${stage}-stream-failures`;
}

/** FIFO queues have to be called so. */
function ending(queue: QueueName): string {
  return queueList[queue].kind === 'fifo' ? '.fifo' : '';
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
