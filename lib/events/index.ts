/** Events: how they look, in what order they are read, and how they travel. */
export { type EventEnvelope, envelopeOf, envelopeText, eventEnvelope, eventSchema } from './envelope.ts';
export { EventFeed, type FeedPage, type FeedPosition, type FeedRequest } from './event-feed.ts';
export type { EventData, EventView } from './event-view.ts';
export { Journal, type JournalOptions } from './journal.ts';
