/** Bytes of a token: API Gateway takes 10,240 bytes of headers in all. A longer one is refused before any of it is read. */
export const maxTokenBytes = 8_192;

/** By how much the clocks of an issuer and of a function may differ, when it is asked whether a token is valid yet, or still. */
export const tokenClockToleranceSeconds = 30;

/** For how long a token may still be valid, where the configuration of its issuer says nothing. A stolen one is of use for so long. */
export const defaultTokenLifetimeSeconds = 86_400;

/** The whole time that an issuer has to tell its keys: connection, answer and its body. */
export const issuerTimeoutMs = 1_000;

/** Bytes of an issuer's keys. Those of large issuers have some 10 KB. */
export const maxKeySetBytes = 65_536;

/** How long keys are used before they are asked for again: a key that its issuer has withdrawn is good for so long. */
export const keysFreshMs = 600_000;

/** An issuer was asked, and so long it is not asked again, whatever it said and however many unknown keys are named to us. */
export const keysPauseMs = 10_000;

/** How long known keys are used where their issuer cannot be reached. */
export const keysUsableMs = 86_400_000;

/** Characters of the configuration of all issuers: it stands in the environment, which has 4 KB, and beside it the names of tables and queues. */
export const maxIssuersLength = 1_600;
