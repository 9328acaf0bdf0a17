/** Bytes of an error's message that are kept: enough to tell what happened, whatever a library puts into it. */
const maxMessageBytes = 1_024;

/** Characters of an error's class that are kept. */
const maxClassLength = 128;

/** Errors behind an error that are told with it. */
const maxCauses = 3;

/** What an error was, as it is kept. */
export interface Failure {
  readonly errorClass: string;
  readonly errorMessage: string;
}

/** What begins with these, or follows `Bearer`, is a secret wherever it stands. */
const secrets = /\b(whsec_|flk_|Bearer\s+)[\w+/=.~-]+/gi;

/** Tells class and message of what was thrown, with what lies behind it, bounded and without secrets. */
export function failureOf(thrown: unknown): Failure {
  if (!(thrown instanceof Error))
    return { errorClass: typeof thrown, errorMessage: 'something that is no Error was thrown' };
  let text = thrown.message;
  let cause = thrown.cause;
  for (let depth = 0; cause instanceof Error && depth < maxCauses; depth++) {
    text += ` < ${cause.name}: ${cause.message}`;
    cause = cause.cause;
  }
  return { errorClass: classText(thrown.name), errorMessage: messageText(text) };
}

/** A failure that others told of, in the form it is kept in. */
export function failureTold({ errorClass, errorMessage }: Failure): Failure {
  return { errorClass: classText(errorClass), errorMessage: messageText(errorMessage) };
}

// DynamoDB refuses text with half of a character in it, which a cut makes and `JSON.parse` quotes, and with it the whole write.
function classText(name: string): string {
  return name.slice(0, maxClassLength).toWellFormed();
}

function messageText(message: string): string {
  return cutToBytes(message.toWellFormed().replace(secrets, '$1…'), maxMessageBytes);
}

/** The beginning of a text that takes at most so many bytes of UTF-8, cut between characters. */
export function cutToBytes(text: string, bytes: number): string {
  const buffer = Buffer.from(text);
  if (buffer.length <= bytes) return text;
  let end = bytes;
  // Bytes that continue a character begin with the bits 10.
  while (end > 0 && ((buffer[end] ?? 0) & 0xc0) === 0x80) end--;
  return buffer.toString('utf8', 0, end);
}
