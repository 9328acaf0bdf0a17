/**
 * How often a message is received before it goes to the queue's dead letters: the template says it to SQS, and the
 * workers note on a message's last receive what went wrong with it.
 */
export const maxReceives = 5;
