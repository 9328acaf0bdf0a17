/** A running server under test: its API, and how to end it. */
export type Contestant = {
  readonly name: string;
  readonly url: string;
  readonly apiKey: string;
  /** The process whose descendants make up the whole server, where that is known. */
  readonly processId?: number;
  /** The sums that must be zero in sound books; read after the runs. */
  sums(): Promise<readonly bigint[]>;
  stop(): Promise<void>;
};
