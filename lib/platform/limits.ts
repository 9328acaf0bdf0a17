/** Every limit of dead letters and balance monitors that a client can meet. */

/** Dead letters that one request reprocesses: so many are done well within the time of a request. */
export const maxDeadLettersAtOnce = 50;

/** Bytes of the reason why a dead letter is discarded, or something redacted. */
export const maxReasonBytes = 256;

/** Monitors of one account: after each event that touches the account all of them are read in one page. */
export const maxMonitorsPerAccount = 16;
