/** What a function's thread is started with. */
export interface IsolateSettings {
  readonly functionName: string;
  readonly functionArn: string;
  readonly memoryMegabytes: number;
  /** File URL of the bundle. */
  readonly moduleUrl: string;
  /** The export that handles events. */
  readonly handlerName: string;
  /** Where the bundle's compiled code is kept for the threads to come; absent: nowhere. */
  readonly compiledCodeFolder?: string;
}

/** An event for the function. */
export interface InvokeMessage {
  readonly kind: 'invoke';
  readonly id: number;
  readonly event: unknown;
  readonly requestId: string;
  /** What `_X_AMZN_TRACE_ID` says. */
  readonly trace: string;
  /** Milliseconds since 1970 at which the invocation is given up. */
  readonly deadline: number;
}

/** `ping` asks for a sign of life; `end` asks the thread to hand over what it has printed and to end. */
export type ToIsolate = InvokeMessage | { readonly kind: 'ping' } | { readonly kind: 'end' };

export type FromIsolate =
  | { readonly kind: 'ready' }
  | { readonly kind: 'not-loaded'; readonly failure: Failure }
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly failure: Failure }
  | { readonly kind: 'output'; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly kind: 'pong' };

/** An error as it crosses threads. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}
