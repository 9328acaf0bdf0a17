import type { QueueName } from '../../infra/queue-list.ts';

/** What a runtime that is to die is started with. */
export interface MortalSettings {
  readonly dataFolder: string;
  readonly port: number;
  /** Gets a line with the id of each event that a subscriber of the topic has received. */
  readonly publishedFile: string;
  /** Calls each function that takes batches twice with each of them, both times at once. */
  readonly deliversTwice: boolean;
}

/** Die when a message is sent to a queue: before the queue has it, or when it has, before the sender is told. */
export interface SendDeath {
  readonly queue: QueueName;
  readonly when: 'before' | 'after';
  /** Not at messages whose deduplication id begins like this. */
  readonly notFrom?: string;
}

/** Where the services of a runtime are. */
export interface RuntimeServices {
  readonly url: string;
  readonly port: number;
  readonly apiKey: string;
  readonly dynamodbEndpoint: string;
  readonly dynamodbPid: number;
  readonly queuesEndpoint: string;
  /** By their logical ids in the template. */
  readonly queueUrls: Readonly<Record<string, string>>;
  readonly tables: Readonly<Record<string, string>>;
}

export type FromRuntime =
  | { readonly kind: 'database'; readonly endpoint: string }
  | { readonly kind: 'ready'; readonly services: RuntimeServices }
  | { readonly kind: 'armed' };

export type ToRuntime =
  | { readonly kind: 'functionsEndpoint'; readonly url: string }
  | { readonly kind: 'die'; readonly death: SendDeath };
