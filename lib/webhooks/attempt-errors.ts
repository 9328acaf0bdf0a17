/** Why there was no answer to a request. */
export const postFailures = {
  address_refused: 'The URL may not be called, or its name does not lead to public addresses only.',
  dns_failure: 'The name in the URL could not be resolved.',
  connect_timeout: 'No connection came about in time.',
  connection_failure: 'The connection was refused or broke.',
  tls_failure: 'The certificate is not valid, or no common protocol was found.',
  timeout: 'There was no answer in time.',
} as const;
export type PostFailure = keyof typeof postFailures;

/** Why an answer counts as failed. */
export const answerErrors = {
  redirect: 'It answered with a redirect, which is not followed.',
  gone: 'It answered 410: it wants nothing any more.',
  refused: 'It answered with another status than 200 to 299.',
} as const;

/** Every error of an attempt. */
export const attemptErrors = {
  ...postFailures,
  ...answerErrors,
  interrupted: 'What came of it was never told: whoever made it died.',
} as const;
export type AttemptError = keyof typeof attemptErrors;
