import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';

/** What a request to SQS or SNS says of the trace of whoever sends it. */
interface SenderRequest {
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

interface SentMessage {
  readonly MessageBody?: string;
  readonly MessageSystemAttributes?: { readonly AWSTraceHeader?: { readonly StringValue?: string } };
}

const storage = new AsyncLocalStorage<(body: string) => string | undefined>();

/** The tracing header of the message with this body, if it is being sent now. */
export function traceOfMessage(body: string): string | undefined {
  return storage.getStore()?.(body);
}

/**
 * Does the work of a request so that the messages it sends get its tracing header: the one that is given as a system attribute of
 * the message, else the one that the SDK in a function sends along with every call.
 */
export function withTraceOf({ headers, body }: SenderRequest, work: () => void): void {
  const common = headers['x-amzn-trace-id'];
  // What is not of this shape is refused by the service itself.
  const request = (body ?? {}) as SentMessage & { readonly Entries?: unknown };
  const sent: readonly SentMessage[] = Array.isArray(request.Entries) ? request.Entries : [request];
  storage.run(
    (messageBody) =>
      sent.find(({ MessageBody }) => MessageBody === messageBody)?.MessageSystemAttributes?.AWSTraceHeader
        ?.StringValue ?? (Array.isArray(common) ? common[0] : common),
    work,
  );
}
