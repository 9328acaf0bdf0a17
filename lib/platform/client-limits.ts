/** The limits of API clients, each with its reason. */

/** Clients of a tenant that are not revoked: making one counts them. Requests at the same instant may pass it by one or two, and so may a tenant that has revoked thousands. */
export const maxClients = 500;

/**
 * Keys of a client that are valid at once: the newest and those before it that have not run out. Each is written whenever the client is
 * changed; a further rotation ends the oldest.
 */
export const maxClientKeys = 5;

/** Bytes of a client's name, of its subject, and of the reason why it is revoked. */
export const maxClientNameBytes = 64;
export const maxSubjectBytes = 255;
export const maxRevocationReasonBytes = 256;

/** How long the keys before are valid beside a new one, by default and at most, in seconds. */
export const defaultKeyOverlapSeconds = 24 * 60 * 60;
export const maxKeyOverlapSeconds = 30 * 24 * 60 * 60;

/** What a client may be allowed of: far more than one that behaves needs, and less than what would starve a stage. */
export const maxRequestsPerSecond = 10_000;
export const maxBurst = 20_000;
