/** The limits of webhooks, each with its reason. */

/** Endpoints of a tenant: each event makes up to so many deliveries. Requests at the same instant may pass it by one or two. */
export const maxWebhooks = 50;

/** Names and prefixes in the filter of one endpoint. */
export const maxTypeFilters = 50;

/** Characters of an endpoint's URL, and bytes of its description. */
export const maxUrlLength = 2_048;
export const maxDescriptionBytes = 256;

/** Bytes of a secret's key. Standard Webhooks allows 24 to 64; SHA-256 gains nothing beyond 32. */
export const secretBytes = 32;

/** Secrets of an endpoint that are valid at once. The header grows by 47 characters with each; a further rotation takes the oldest away. */
export const maxSecrets = 5;

/** How long the secret before is signed with too, by default and at most, in seconds. */
export const defaultOverlapSeconds = 24 * 60 * 60;
export const maxOverlapSeconds = 7 * 24 * 60 * 60;

/** The whole time of one attempt: resolving, connecting, sending, and waiting for the status. Standard Webhooks recommends 15 to 30 s. */
export const attemptTimeoutMs = 15_000;

/** Of it, the time until there is a connection, TLS included. */
export const connectTimeoutMs = 5_000;

/** How long an answer's body is read once its status is there, and how much of it, in bytes: it is for people who look for a fault. */
export const excerptTimeoutMs = 1_000;
export const excerptBytes = 1_024;

/**
 * How long a claimed attempt keeps others away, in milliseconds: an attempt with the writes around it, twice over. A worker that
 * dies leaves its delivery to others after this.
 */
export const leaseMs = 60_000;

/** The longest that a receiver may ask for by `Retry-After`: the longest pause of the schedule. */
export const maxRetryAfterMs = 24 * 60 * 60 * 1_000;

/** An endpoint at which nothing succeeded for so long is switched off. */
export const maxFailingMs = 5 * 24 * 60 * 60 * 1_000;

/** Attempts that a delivery remembers: two schedules of ten. */
export const attemptsRemembered = 20;

/** How long deliveries are kept from when they were made, or replayed, last; the longest schedule, of a receiver that asks for a day each time, is over after ten days. */
export const deliveryKeptSeconds = 30 * 24 * 60 * 60;

/** Events that one request replays at most: each is read from the journal and written as a delivery within the request's time. */
export const maxReplayedEvents = 100;
