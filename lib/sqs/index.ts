/** The queues between functions. */
export type { FailureNote, FailureNotes } from './failure-notes.ts';
export { lineGroup, tenantGroup } from './groups.ts';
export { type LineWakerOptions, lineWaker } from './line-waker.ts';
export type { BatchWork, Received } from './message-batch.ts';
export { UnusableMessage } from './message-failures.ts';
export { type QueueHandler, type QueueWorker, serveQueue } from './partial-batch.ts';
export { NotEnqueued, type OutgoingMessage, QueueSender, type QueueSenderOptions } from './queue-sender.ts';
export {
  type DeliveryWakeUp,
  deliveryWakeUp,
  type JournalWakeUp,
  journalWakeUp,
  type LineWakeUp,
  lineWakeUp,
  maxNamedInWakeUp,
  type PublicationWakeUp,
  publicationWakeUp,
} from './wake-ups.ts';
