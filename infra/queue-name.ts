import { type QueueName, queueList, queueNames } from './queue-list.ts';

/** What SQS calls a queue of the stage. The names are given, so that dead letters can say whose they are and operators find them. */
export function queueNameOf(stage: string, queue: QueueName): string {
  return `florin-${stage}-${plainName(queue)}${ending(queue)}`;
}

/** What SQS calls the queue of its dead letters. */
export function deadLettersNameOf(stage: string, queue: QueueName): string {
  return `florin-${stage}-${plainName(queue)}-dead-letters${ending(queue)}`;
}

/** The queues of dead letters of a stage, and that of the stream, as SQS calls them. */
export function allDeadLettersNames(stage: string): string[] {
  return [...queueNames.map((queue) => deadLettersNameOf(stage, queue)), streamFailuresNameOf(stage)];
}

/** What SNS calls the topic of events. */
export function eventsTopicNameOf(stage: string): string {
  return `florin-${stage}-events.fifo`;
}

/** What SQS calls the queue of the batches of the stream that could not be dispatched. */
export function streamFailuresNameOf(stage: string): string {
  return `florin-${stage}-stream-failures`;
}

/** FIFO queues have to be called so. */
function ending(queue: QueueName): string {
  return queueList[queue].kind === 'fifo' ? '.fifo' : '';
}

/** The name of a queue within its stage: lower-case letters and dashes. */
export function plainName(queue: QueueName): string {
  return queue.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
